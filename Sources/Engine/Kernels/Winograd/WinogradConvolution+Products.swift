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

  /// The matrix products of a pass without its transforms, of whatever `scratch` holds: for
  /// measurements.
  ///
  /// - Parameter weight: transformed for the forward pass, transposed for the data gradient; for
  ///   the weight gradient where that goes.
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
