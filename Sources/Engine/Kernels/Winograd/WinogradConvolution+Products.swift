import CKernels
import Tensors

extension WinogradConvolution {
  /// A pass whose matrix products can run without its transforms.
  package enum ProductPass: Sendable { case forward, dataGradient, weightGradient }

  /// Floating-point operations of the matrix products of a pass, equal for all three.
  package func productOperations(samples: Int) -> Int {
    2 * layout.coefficients * samples * layout.tilesPerSample * geometry.inputChannels
      * geometry.outputChannels
  }

  /// The matrix products of a pass without its transforms, on the present contents of `scratch`,
  /// for measurements.
  ///
  /// - Parameter weight: the transformed weight for the forward pass, the transposed one for the
  ///   data gradient, the output for the weight gradient.
  package func multiplyOnly(
    _ pass: ProductPass, samples: Int, weight: Tensor, scratch: Tensor
  ) {
    let scratch = parts(of: scratch)
    switch pass {
    case .forward: requireTransformed(weight)
    case .weightGradient: requireTransformedGradient(weight)
    case .dataGradient: requireTransposed(weight)
    }
    layout.forEachRun(samples) { run in
      switch pass {
      case .forward:
        multiply(run.products, layout.outputs, scratch.input, weight, into: scratch.output)
      case .dataGradient:
        multiply(run.transposedProducts, layout.inputs, scratch.output, weight, into: scratch.input)
      case .weightGradient:
        addWeightGradient(run, scratch, scale: 1, previous: run.isFirst ? 0 : 1, into: weight)
      }
    }
  }
}
