import Failures
import Tensors

/// The logits z of one sample, read only.
package struct Logits {
  let values: UnsafeBufferPointer<Float>

  package init(_ logits: Edge, sample: Int) {
    values = UnsafeBufferPointer(logits.value.slice(sample..<sample + 1).buffer)
  }

  /// The class of the largest logit, the first of equal ones.
  package var prediction: Int {
    values.indices.dropFirst().reduce(0) { values[$1] > values[$0] ? $1 : $0 }
  }

  /// z_y − max_{i≠y} z_i; not positive if the prediction is another class.
  func margin(of label: Int) -> Float {
    require(values.count > 1, "no margin between \(values.count) classes")
    var rival = -Float.infinity
    for index in values.indices where index != label { rival = max(rival, values[index]) }
    return values[label] - rival
  }

  /// The classes except `label`, by descending logit.
  func others(than label: Int) -> [Int] { Logits.descending(values).filter { $0 != label } }

  var isFinite: Bool { values.allSatisfy(\.isFinite) }

  /// The classes by descending logit, the first of equal ones first.
  static func descending(_ z: UnsafeBufferPointer<Float>) -> [Int] {
    z.indices.sorted { z[$0] == z[$1] ? $0 < $1 : z[$0] > z[$1] }
  }
}
