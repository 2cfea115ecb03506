import Failures
import Tensors

/// The matrix view of activations of any rank in per-channel kernels: [rows, channels], channels
/// innermost.
struct ChannelMatrix {
  let shape: Shape
  let channels: Int
  var rows: Int { channels == 0 ? 0 : shape.count / channels }

  init(_ tensor: Tensor) {
    require(tensor.shape.rank >= 1, "a scalar has no channels")
    shape = tensor.shape
    channels = shape[shape.rank - 1]
  }

  /// Traps unless `other` has this shape.
  func requireSameShape(_ other: Tensor) {
    require(other.shape == shape, "a matrix \(other.shape) beside one of shape \(shape)")
  }

  /// Traps unless `coefficients` has one element per channel.
  func requirePerChannel(_ coefficients: Tensor) {
    require(
      coefficients.count == channels,
      "coefficients \(coefficients.shape) for \(channels) channels of \(shape)")
  }

  /// The start of `sums`; traps unless these have one element per channel.
  func perChannel(_ sums: UnsafeMutableBufferPointer<Double>) -> UnsafeMutablePointer<Double>? {
    require(
      sums.count == channels, "\(sums.count) sums for \(channels) channels of \(shape)")
    return sums.baseAddress
  }
}
