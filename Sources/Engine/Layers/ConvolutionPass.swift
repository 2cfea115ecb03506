import Tensors

/// Which of the two backward passes, which are the same product of different tensors.
enum ConvolutionPass {
  case gradient
  case gradientTangent

  /// What the pass reads of y.
  func source(_ y: Edge) -> Tensor { self == .gradient ? y.gradient : y.gradientTangent }
  /// What the pass writes of x.
  func result(_ x: Edge) -> Tensor { self == .gradient ? x.gradient : x.gradientTangent }
}
