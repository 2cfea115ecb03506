import Tensors

/// The moments of a model's passes, numbered in the order in which they occur.
///
/// A layer has several moments in each pass, since the parts of a block need different tensors.
/// Moments of passes that a plan does not make, or of parts that a layer does not have, do not
/// occur.
enum Timeline {
  enum Pass: Int {
    case forward, backward, forwardTangent, backwardTangent
  }

  /// The parts of a layer in the order of forward passes; backward passes reverse it.
  enum Part: Int, CaseIterable {
    case convolution, activation, secondConvolution, shortcut, sum
  }

  /// An upper bound of the number of layers.
  private static let layersPerPass = 1 << 20

  /// The moment after all passes.
  static let end = Int.max

  /// The last moment of a backward sweep.
  static let endOfBackward = moment(.backward, 0, .convolution)

  static func moment(_ pass: Pass, _ layer: Int, _ part: Part) -> Int {
    let forwards = layer * Part.allCases.count + part.rawValue
    let perPass = layersPerPass * Part.allCases.count
    switch pass {
    case .forward, .forwardTangent: return pass.rawValue * perPass + forwards
    case .backward, .backwardTangent: return (pass.rawValue + 1) * perPass - 1 - forwards
    }
  }
}
