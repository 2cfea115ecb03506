/// Traps with a message where a programmer's error would otherwise go on.
///
/// The standard library's `precondition` drops its message in optimized builds, which are the only ones
/// that users run: this one keeps the values that it names.
@inlinable
@inline(__always)
public func require(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { unreachable(message(), file: file, line: line) }
}

/// Traps with a message where no correct program arrives.
@inline(never)
public func unreachable(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
