import Failures
import Tensors

/// The checks of the passes' arguments, and the parts of their scratch.
extension WinogradConvolution {
  /// The number of samples; traps unless x and y are input and output of equally many.
  func requireActivations(_ x: Tensor, _ y: Tensor) -> Int {
    let samples = x.shape.rank == 4 ? x.shape.samples : 0
    let (input, output) = (
      geometry.inputShape(samples: samples), geometry.outputShape(samples: samples)
    )
    require(
      x.shape == input && y.shape == output,
      "the convolution takes \(input) to \(output), not \(x.shape) to \(y.shape)")
    return samples
  }

  func requireWeight(_ weight: Tensor) {
    let shape = weight.shape
    // Compared extent by extent: an array literal for the expected shape would be allocated.
    require(
      shape.rank == 4 && shape[0] == 3 && shape[1] == 3 && shape[2] == geometry.inputChannels
        && shape[3] == geometry.outputChannels,
      "a weight \(shape) for \(geometry.weightShape)")
  }

  func requireTransformed(_ transformed: Tensor) {
    require(
      transformed.shape == transformedWeightShape,
      "a transformed weight \(transformed.shape) for \(transformedWeightShape)")
  }

  func requirePlain(_ weight: Tensor, _ panel: Tensor) {
    requireWeight(weight)
    require(panel.shape == panelShape, "a panel \(panel.shape) for \(panelShape)")
  }

  func requireTransposed(_ transposed: Tensor) {
    require(
      transposed.shape == transposedWeightShape,
      "a transposed transformed weight \(transposed.shape) for \(transposedWeightShape)")
  }

  func requireTransformedGradient(_ gradient: Tensor) {
    require(
      gradient.shape == transformedGradientShape,
      "a gradient by the transformed weight \(gradient.shape) for \(transformedGradientShape)")
  }

  /// The memory of a run's transformed inputs, transformed outputs and pairs.
  struct Scratch {
    let input: UnsafeMutablePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let pairs: UnsafeMutablePointer<Float>
  }

  func parts(of scratch: Tensor) -> Scratch {
    require(
      scratch.count >= layout.scratchFloats,
      "a scratch of \(scratch.count) floats where \(layout.scratchFloats) are needed")
    return Scratch(
      input: scratch.pointer, output: scratch.pointer + layout.outputOffset,
      pairs: scratch.pointer + layout.pairOffset)
  }
}
