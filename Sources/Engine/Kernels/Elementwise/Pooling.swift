import CKernels
import Failures
import Tensors

// Maximum pooling with adjacent windows of size × size. [n, H, W, c] gives [n, ⌊H/size⌋, ⌊W/size⌋,
// c]; trailing rows and columns are ignored. Of equal maxima, the first in reading order counts.

/// y ← the maximum of each window of x; NaN if the window contains a NaN.
public func maximumPool(_ x: Tensor, size: Int, into y: Tensor) {
  var pool = CKPool(input: x, output: y, size: size)
  ck_maximum_pool(&pool, x.pointer, y.pointer)
}

/// y ← the element of g where x has its maximum, for each window: the forward pass of a tangent.
public func maximumPoolGather(_ g: Tensor, _ x: Tensor, size: Int, into y: Tensor) {
  require(g.shape == x.shape, "pooling gathers \(g.shape) by the maxima of \(x.shape)")
  var pool = CKPool(input: x, output: y, size: size)
  ck_maximum_pool_gather(&pool, g.pointer, x.pointer, y.pointer)
}

/// out ← the element of g of a window where x has its maximum, zero elsewhere.
///
/// The adjoint of ``maximumPoolGather(_:_:size:into:)``. Does not read `out`.
public func maximumPoolScatter(_ g: Tensor, _ x: Tensor, size: Int, into out: Tensor) {
  require(out.shape == x.shape, "pooling scatters into \(out.shape) by \(x.shape)")
  var pool = CKPool(input: x, output: g, size: size)
  ck_maximum_pool_scatter(&pool, g.pointer, x.pointer, out.pointer)
}

/// y [n, 1, 1, c] ← the mean of x [n, h, w, c] over its positions.
public func averagePool(_ x: Tensor, into y: Tensor) {
  let area = averagedArea(input: x, output: y)
  ck_average_pool(x.shape.samples, area, x.shape.channels, x.pointer, y.pointer)
}

/// x [n, h, w, c] ← g [n, 1, 1, c]/(h·w): the adjoint of ``averagePool(_:into:)``.
public func averagePoolScatter(_ g: Tensor, into x: Tensor) {
  let area = averagedArea(input: x, output: g)
  ck_average_pool_scatter(x.shape.samples, area, x.shape.channels, g.pointer, x.pointer)
}

/// The number of positions that an average pool from `input` to `output` averages.
private func averagedArea(input: Tensor, output: Tensor) -> Int {
  let shape = input.shape
  require(
    shape.rank == 4 && shape.height * shape.width > 0
      && output.shape
        == Shape(samples: shape.samples, height: 1, width: 1, channels: shape.channels),
    "average pooling takes [n, h, w, c] to [n, 1, 1, c], not \(shape) to \(output.shape)")
  return shape.height * shape.width
}

extension CKPool {
  fileprivate init(input: Tensor, output: Tensor, size: Int) {
    let shape = input.shape
    require(
      size > 0 && shape.rank == 4
        && output.shape
          == Shape(
            samples: shape.samples, height: shape.height / size, width: shape.width / size,
            channels: shape.channels),
      "maximum pooling by \(size) does not take \(shape) to \(output.shape)")
    self.init(
      samples: shape.samples, height: shape.height, width: shape.width, channels: shape.channels,
      size: size)
  }
}
