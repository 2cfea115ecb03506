/// An error with a message for the user and an exit code for the process.
///
/// Every error type of the program conforms: an error without a code is an internal error.
public protocol Failure: Error, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}
