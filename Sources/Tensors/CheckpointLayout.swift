import Preconditions

/// How a tensor of the engine is laid out in a checkpoint, which keeps PyTorch's order of axes.
///
/// The checkpoint's elements, seen as `extents` (up to four axes, outermost first), are permuted into
/// the engine's: engine axis k is checkpoint axis `permutation[k]`.
public struct CheckpointLayout: Sendable, Equatable {
  /// The shape under which the checkpoint lists the tensor.
  public let checkpointShape: [Int]
  private let extents: [Int]
  private let permutation: [Int]

  private init(checkpointShape: [Int], extents: [Int], permutation: [Int]) {
    self.checkpointShape = checkpointShape
    self.extents = extents
    self.permutation = permutation
  }

  /// The same order on both sides.
  public static func unchanged(_ shape: [Int]) -> CheckpointLayout {
    CheckpointLayout(
      checkpointShape: shape, extents: [shape.reduce(1, *), 1, 1, 1], permutation: [0, 1, 2, 3])
  }

  /// A convolution's weight: [O, I, H, W] in the checkpoint, [H, W, I, O] in the engine.
  public static func kernel(
    height: Int, width: Int, inputs: Int, outputs: Int
  ) -> CheckpointLayout {
    let oihw = [outputs, inputs, height, width]
    return CheckpointLayout(checkpointShape: oihw, extents: oihw, permutation: [2, 3, 1, 0])
  }

  /// A linear layer's weight over a flattened image: [O, C·H·W] in the checkpoint, [H, W, C, O] in the
  /// engine, whose activations are NHWC.
  public static func linear(
    height: Int, width: Int, channels: Int, outputs: Int
  ) -> CheckpointLayout {
    CheckpointLayout(
      checkpointShape: [outputs, channels * height * width],
      extents: [outputs, channels, height, width], permutation: [2, 3, 1, 0])
  }

  /// An image: [1, C, H, W] in the checkpoint, [1, H, W, C] in the engine.
  public static func image(height: Int, width: Int, channels: Int) -> CheckpointLayout {
    let nchw = [1, channels, height, width]
    return CheckpointLayout(checkpointShape: nchw, extents: nchw, permutation: [0, 2, 3, 1])
  }

  /// A flattened image: [C·H·W] in the checkpoint, [H, W, C] in the engine.
  public static func flattenedImage(height: Int, width: Int, channels: Int) -> CheckpointLayout {
    CheckpointLayout(
      checkpointShape: [channels * height * width], extents: [1, channels, height, width],
      permutation: [0, 2, 3, 1])
  }

  public var count: Int { extents.reduce(1, *) }

  /// Writes the checkpoint's elements into the engine's tensor.
  public func load(_ values: [Float], into tensor: Tensor) {
    require(
      values.count == count && tensor.count == count,
      "\(values.count) values of a checkpoint tensor \(checkpointShape) into \(tensor)")
    forEachElement { engine, checkpoint in tensor[engine] = values[checkpoint] }
  }

  /// The tensor's elements in the checkpoint's order.
  public func store(_ tensor: Tensor) -> [Float] {
    require(
      tensor.count == count, "\(tensor) as a checkpoint tensor of shape \(checkpointShape)")
    var values = [Float](repeating: 0, count: count)
    forEachElement { engine, checkpoint in values[checkpoint] = tensor[engine] }
    return values
  }

  /// Visits all elements in the engine's order: (engine offset, checkpoint offset).
  private func forEachElement(_ body: (Int, Int) -> Void) {
    var strides = [1, 1, 1, 1]
    for axis in [2, 1, 0] { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    let sizes = permutation.map { extents[$0] }
    let steps = permutation.map { strides[$0] }
    var engine = 0
    for a in 0..<sizes[0] {
      for b in 0..<sizes[1] {
        for c in 0..<sizes[2] {
          let start = a * steps[0] + b * steps[1] + c * steps[2]
          for d in 0..<sizes[3] {
            body(engine, start + d * steps[3])
            engine += 1
          }
        }
      }
    }
  }
}
