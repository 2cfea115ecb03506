/// Traps with a message if `condition`, which only a programming error violates, does not hold.
///
/// `precondition` of the standard library drops its message in optimized builds, the only ones that
/// users run. This function keeps the message and its values.
@inlinable
@inline(__always)
public func require(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { unreachable(message(), file: file, line: line) }
}

/// Traps with a message at a point that a correct program never reaches.
@inline(never)
public func unreachable(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
