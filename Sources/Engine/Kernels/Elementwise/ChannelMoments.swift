import CKernels
import Tensors

// Sums over all samples and positions, one per channel, of activations [.., channels]. They are
// computed in double and *added* to the outputs, so that one slice can follow another.

/// sum += Σ (x − K), squares += Σ (x − K)², K the `shift` [channels].
///
/// If K is near the mean, the variance does not cancel.
public func addShiftedMoments(
  of x: Tensor, shift: Tensor, sum: UnsafeMutableBufferPointer<Double>,
  squares: UnsafeMutableBufferPointer<Double>
) {
  let matrix = ChannelMatrix(x)
  matrix.requirePerChannel(shift)
  ck_shifted_moments(
    matrix.rows, matrix.channels, x.pointer, shift.pointer, matrix.perChannel(sum),
    matrix.perChannel(squares))
}

/// sum += Σ g, product += Σ g·x̂ with x̂ = (x − mean)·inverseDeviation.
public func addNormalizedMoments(
  of g: Tensor, x: Tensor, mean: Tensor, inverseDeviation: Tensor,
  sum: UnsafeMutableBufferPointer<Double>, product: UnsafeMutableBufferPointer<Double>
) {
  let matrix = ChannelMatrix(x)
  matrix.requireSameShape(g)
  matrix.requirePerChannel(mean)
  matrix.requirePerChannel(inverseDeviation)
  ck_normalized_moments(
    matrix.rows, matrix.channels, g.pointer, x.pointer, mean.pointer, inverseDeviation.pointer,
    matrix.perChannel(sum), matrix.perChannel(product))
}

/// sum += Σ dg, product += Σ (dg·x̂ + g·t), with t = dx̂/dε = r·(ẋ − tangentMean −
/// x̂·tangentProduct).
///
/// r is `inverseDeviation`, x̂ = (x − mean)·r, and over the batch `tangentMean` = mean(ẋ),
/// `tangentProduct` = mean(ẋ·x̂); all are [channels].
public func addSecondMoments(
  of g: Tensor, gradientTangent dg: Tensor, x: Tensor, tangent: Tensor, mean: Tensor,
  inverseDeviation: Tensor, tangentMean: Tensor, tangentProduct: Tensor,
  sum: UnsafeMutableBufferPointer<Double>, product: UnsafeMutableBufferPointer<Double>
) {
  let matrix = ChannelMatrix(x)
  matrix.requireSameShape(g)
  matrix.requireSameShape(dg)
  matrix.requireSameShape(tangent)
  matrix.requirePerChannel(mean)
  matrix.requirePerChannel(inverseDeviation)
  matrix.requirePerChannel(tangentMean)
  matrix.requirePerChannel(tangentProduct)
  ck_second_moments(
    matrix.rows, matrix.channels, g.pointer, dg.pointer, x.pointer, tangent.pointer, mean.pointer,
    inverseDeviation.pointer, tangentMean.pointer, tangentProduct.pointer, matrix.perChannel(sum),
    matrix.perChannel(product))
}

/// sum += Σ x.
public func addColumnSums(of x: Tensor, into sum: UnsafeMutableBufferPointer<Double>) {
  let matrix = ChannelMatrix(x)
  ck_column_sums(matrix.rows, matrix.channels, x.pointer, matrix.perChannel(sum))
}
