import Preconditions
import Tensors

/// The logits z of one sample, read only.
struct Logits {
  let values: UnsafeBufferPointer<Float>

  init(_ logits: Activation, sample: Int) {
    values = UnsafeBufferPointer(logits.value.slice(sample..<sample + 1).buffer)
  }

  /// The class of the largest logit, the first of equal ones.
  var prediction: Int {
    values.indices.dropFirst().reduce(0) { values[$1] > values[$0] ? $1 : $0 }
  }

  /// The largest of the logits but that of `label`, the first of equal ones.
  func rival(of label: Int) -> Int {
    require(values.count > 1, "no margin between \(values.count) classes")
    var rival = label == 0 ? 1 : 0
    for index in values.indices where index != label && values[index] > values[rival] {
      rival = index
    }
    return rival
  }

  /// z_y − max_{i≠y} z_i; not positive where the prediction is another class.
  func margin(of label: Int) -> Float { values[label] - values[rival(of: label)] }
}
