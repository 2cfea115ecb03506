import Tensors

/// Which of the two backward passes, which are the same product of different tensors.
enum ConvolutionPass {
  case gradient
  case gradientTangent

  /// What the pass reads of y.
  func source(_ y: Activation) -> Tensor { self == .gradient ? y.gradient : y.gradientTangent }
  /// What the pass writes of x.
  func result(_ x: Activation) -> Tensor { self == .gradient ? x.gradient : x.gradientTangent }
}
