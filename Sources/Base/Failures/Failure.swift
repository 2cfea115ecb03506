/// An error that says in its own words what is wrong, and with which code the process ends.
///
/// Every error type of the program conforms: an error without a code is an internal error.
public protocol Failure: Error, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}
