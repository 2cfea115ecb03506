/// Named float tensors to be loaded, one at a time.
public protocol StateSource {
  var names: [String] { get }
  /// Outermost dimension first; nil if there is no such tensor.
  func shape(of name: String) -> [Int]?
  /// Row-major.
  func values(of name: String) -> [Float]?
}
