import Tensors

/// The moments of a model's passes, numbered in the order in which they come.
///
/// A layer takes several in each pass, since what a block needs in one part of its work it no longer needs
/// in the next. Moments of a plan that makes fewer passes, or of parts that a layer does not have, do not occur.
enum Timeline {
  enum Pass: Int {
    case forward, backward, forwardTangent, backwardTangent
  }

  /// What a layer does in the order of forward passes; backward passes take the opposite order.
  enum Part: Int, CaseIterable {
    case convolution, activation, secondConvolution, shortcut, sum
  }

  /// More than there are layers.
  private static let layersPerPass = 1 << 20

  /// After everything.
  static let end = Int.max

  static func moment(_ pass: Pass, _ layer: Int, _ part: Part) -> Int {
    let forwards = layer * Part.allCases.count + part.rawValue
    let perPass = layersPerPass * Part.allCases.count
    switch pass {
    case .forward, .forwardTangent: return pass.rawValue * perPass + forwards
    case .backward, .backwardTangent: return (pass.rawValue + 1) * perPass - 1 - forwards
    }
  }
}
