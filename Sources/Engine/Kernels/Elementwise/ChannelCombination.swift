import CKernels
import Tensors

// Activations [.., channels] combined with one coefficient per channel. Coefficient tensors are
// [channels]; y may be one of the activations.

/// y ← (x − center)·scale + offset.
public func combineChannels(
  _ x: Tensor, center: Tensor, scale: Tensor, offset: Tensor, into y: Tensor
) {
  let matrix = ChannelMatrix(x)
  matrix.requireSameShape(y)
  matrix.requirePerChannel(center)
  matrix.requirePerChannel(scale)
  matrix.requirePerChannel(offset)
  ck_combine_channels_1(
    matrix.rows, matrix.channels, x.pointer, center.pointer, scale.pointer, offset.pointer,
    y.pointer)
}

/// y ← (x − center)·scale + g·gradientScale + offset.
public func combineChannels(
  _ x: Tensor, center: Tensor, scale: Tensor, _ g: Tensor, gradientScale: Tensor, offset: Tensor,
  into y: Tensor
) {
  let matrix = ChannelMatrix(x)
  matrix.requireSameShape(g)
  matrix.requireSameShape(y)
  matrix.requirePerChannel(center)
  matrix.requirePerChannel(scale)
  matrix.requirePerChannel(gradientScale)
  matrix.requirePerChannel(offset)
  ck_combine_channels_2(
    matrix.rows, matrix.channels, x.pointer, center.pointer, scale.pointer, g.pointer,
    gradientScale.pointer, offset.pointer, y.pointer)
}

/// y ← (x − center)·scale + ẋ·tangentScale + ȳ·gradientScale + dȳ·gradientTangentScale + offset.
public func combineChannels(
  _ x: Tensor, center: Tensor, scale: Tensor, tangent: Tensor, tangentScale: Tensor,
  gradient: Tensor, gradientScale: Tensor, gradientTangent: Tensor, gradientTangentScale: Tensor,
  offset: Tensor, into y: Tensor
) {
  let matrix = ChannelMatrix(x)
  matrix.requireSameShape(tangent)
  matrix.requireSameShape(gradient)
  matrix.requireSameShape(gradientTangent)
  matrix.requireSameShape(y)
  matrix.requirePerChannel(center)
  matrix.requirePerChannel(scale)
  matrix.requirePerChannel(tangentScale)
  matrix.requirePerChannel(gradientScale)
  matrix.requirePerChannel(gradientTangentScale)
  matrix.requirePerChannel(offset)
  ck_combine_channels_4(
    matrix.rows, matrix.channels, x.pointer, center.pointer, scale.pointer, tangent.pointer,
    tangentScale.pointer, gradient.pointer, gradientScale.pointer, gradientTangent.pointer,
    gradientTangentScale.pointer, offset.pointer, y.pointer)
}

/// y ← y + bias, with bias [channels].
public func addBias(_ bias: Tensor, to y: Tensor) {
  let matrix = ChannelMatrix(y)
  matrix.requirePerChannel(bias)
  ck_add_bias(matrix.rows, matrix.channels, bias.pointer, y.pointer)
}
