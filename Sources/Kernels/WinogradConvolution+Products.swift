import CKernels
import Tensors

extension WinogradConvolution {
  /// A pass whose matrix products can be made by themselves.
  package enum ProductPass: Sendable { case forward, dataGradient, weightGradient }

  /// Floating-point operations of a pass's matrix products, the same for all three.
  package func productOperations(samples: Int) -> Int {
    2 * layout.coefficients * samples * layout.tilesPerSample * geometry.inputChannels
      * geometry.outputChannels
  }

  /// The matrix products of a pass without its transforms, of whatever `scratch` holds: for measurements.
  ///
  /// - Parameter weight: transformed for the forward pass and the weight gradient, which overwrites it,
  ///   transposed for the data gradient.
  package func multiplyOnly(
    _ pass: ProductPass, samples: Int, weight: Tensor, scratch: Tensor
  ) {
    let (input, output) = parts(of: scratch)
    switch pass {
    case .forward, .weightGradient: requireTransformed(weight)
    case .dataGradient: requireTransposed(weight)
    }
    layout.forEachRun(samples) { run in
      var (products, transposed) = (run.products, run.transposedProducts)
      switch pass {
      case .forward: ck_winograd_multiply(&products, input, weight.pointer, output)
      case .dataGradient: ck_winograd_multiply(&transposed, output, weight.pointer, input)
      case .weightGradient:
        ck_winograd_multiply_transposed(
          &products, input, output, 1, run.isFirst ? 0 : 1, weight.pointer)
      }
    }
  }
}
