/// Named float tensors to be loaded, one at a time.
public protocol StateSource {
  var names: [String] { get }
  /// Sizes of the dimensions, outermost first; nil if there is no such tensor.
  func shape(of name: String) -> [Int]?
  /// Elements, row-major; nil if there is no such tensor.
  func values(of name: String) -> [Float]?
}
