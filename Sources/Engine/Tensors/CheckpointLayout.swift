import Failures

/// The layout of a tensor in a checkpoint, which has PyTorch's axis order.
///
/// The checkpoint's elements, as an array of `extents` (four axes, outermost first), are permuted
/// into the engine's: engine axis k is checkpoint axis `permutation[k]`.
public struct CheckpointLayout: Sendable, Equatable {
  /// The shape of the tensor in the checkpoint's header.
  public let checkpointShape: [Int]
  private let extents: [Int]
  private let permutation: [Int]

  private init(checkpointShape: [Int], extents: [Int], permutation: [Int]) {
    self.checkpointShape = checkpointShape
    self.extents = extents
    self.permutation = permutation
  }

  /// One axis order for checkpoint and engine.
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

  /// A linear layer's weight over a flattened image: [O, C·H·W] in the checkpoint, [H, W, C, O] in
  /// the engine, whose activations are NHWC.
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
    forEachElement(rows: 0..<rows) { engine, checkpoint in tensor[engine] = values[checkpoint] }
  }

  /// The number of rows, entries along the checkpoint's outermost axis, in which a tensor is
  /// stored.
  public var rows: Int { extents[0] }

  /// The tensor's elements in the checkpoint's order.
  public func store(_ tensor: Tensor) -> [Float] { store(tensor, rows: 0..<rows) }

  /// The elements of some rows in the checkpoint's order.
  public func store(_ tensor: Tensor, rows: Range<Int>) -> [Float] {
    require(
      tensor.count == count && rows.lowerBound >= 0 && rows.upperBound <= self.rows,
      "rows \(rows) of \(tensor) as a checkpoint tensor of shape \(checkpointShape)")
    let perRow = count / max(self.rows, 1)
    let first = rows.lowerBound * perRow
    var values = [Float](repeating: 0, count: rows.count * perRow)
    forEachElement(rows: rows) { engine, checkpoint in
      values[checkpoint - first] = tensor[engine]
    }
    return values
  }

  /// Visits the elements of some rows in the engine's order, with their engine offset and
  /// checkpoint offset.
  private func forEachElement(rows: Range<Int>, _ body: (Int, Int) -> Void) {
    var strides = [1, 1, 1, 1]
    for axis in [2, 1, 0] { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    let sizes = permutation.map { extents[$0] }
    let steps = permutation.map { strides[$0] }
    let ranges = permutation.map { $0 == 0 ? rows : 0..<extents[$0] }
    for a in ranges[0] {
      for b in ranges[1] {
        for c in ranges[2] {
          let engine = ((a * sizes[1] + b) * sizes[2] + c) * sizes[3]
          let checkpoint = a * steps[0] + b * steps[1] + c * steps[2]
          for d in ranges[3] { body(engine + d, checkpoint + d * steps[3]) }
        }
      }
    }
  }
}
