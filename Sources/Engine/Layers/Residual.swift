import Failures
import Kernels
import Tensors

/// y = ½·(F(x/√2) + S(x/√2)); without a shortcut S is the identity.
///
/// If F and S are 1-Lipschitz, so is y. Followed by an activation, this is the plain twin of
/// ``ResidualBlock``.
/// - Source: the reference implementation, standard networks included.
public final class Residual: Layer {
  private static let inputScale = Float(0.5).squareRoot()

  public let branch: Chain
  public let shortcut: Chain?

  /// x/√2; the shortcut's edge has the same value and tangent, but gradients of its own.
  private let branchInput: Edge
  private let shortcutInput: Edge
  private let branchOutput: Edge
  private let shortcutOutput: Edge

  public init(
    branch: Chain, shortcut: Chain?, input: Shape, output: Shape, site: LayerSite
  ) {
    let (arena, derivatives) = (site.arena, site.derivatives)
    require(
      shortcut != nil || input == output, "an identity shortcut from \(input) to \(output)")
    self.branch = branch
    self.shortcut = shortcut
    branchInput = arena.edge(input, derivatives)
    shortcutInput = Edge(
      value: branchInput.value,
      gradient: arena.tensor(input, if: derivatives >= .first),
      tangent: branchInput.tangent,
      gradientTangent: arena.tensor(input, if: derivatives >= .second))
    branchOutput = arena.edge(output, derivatives)
    shortcutOutput = shortcut == nil ? shortcutInput : arena.edge(output, derivatives)
  }

  public var parameters: [Parameter] { branch.parameters + (shortcut?.parameters ?? []) }
  public var state: [StateTensor] { branch.state + (shortcut?.state ?? []) }
  public var reparameterizations: [any Reparameterization] {
    branch.reparameterizations + (shortcut?.reparameterizations ?? [])
  }

  public var evaluation: [EvaluationMap] {
    [.residual(branch: branch.evaluation, shortcut: shortcut?.evaluation)]
  }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    let edges = edges(x.shape.samples)
    scale(x.value, by: Residual.inputScale, into: edges.branchInput.value)
    branch.forward(edges.branchInput, into: edges.branchOutput, mode: mode)
    shortcut?.forward(edges.shortcutInput, into: edges.shortcutOutput, mode: mode)
    combine(0.5, edges.branchOutput.value, 0.5, edges.shortcutOutput.value, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    let edges = edges(x.shape.samples)
    scale(y.gradient, by: 0.5, into: edges.branchOutput.gradient)
    edges.shortcutOutput.gradient.copy(from: edges.branchOutput.gradient)
    branch.backward(edges.branchOutput, into: edges.branchInput, gradients: writer)
    shortcut?.backward(edges.shortcutOutput, into: edges.shortcutInput, gradients: writer)
    combine(
      Residual.inputScale, edges.branchInput.gradient, Residual.inputScale,
      edges.shortcutInput.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    let edges = edges(x.shape.samples)
    scale(x.tangent, by: Residual.inputScale, into: edges.branchInput.tangent)
    branch.forwardTangent(edges.branchInput, into: edges.branchOutput)
    shortcut?.forwardTangent(edges.shortcutInput, into: edges.shortcutOutput)
    combine(0.5, edges.branchOutput.tangent, 0.5, edges.shortcutOutput.tangent, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    let edges = edges(x.shape.samples)
    scale(y.gradientTangent, by: 0.5, into: edges.branchOutput.gradientTangent)
    edges.shortcutOutput.gradientTangent.copy(from: edges.branchOutput.gradientTangent)
    branch.backwardTangent(edges.branchOutput, into: edges.branchInput, gradients: writer)
    shortcut?.backwardTangent(edges.shortcutOutput, into: edges.shortcutInput, gradients: writer)
    combine(
      Residual.inputScale, edges.branchInput.gradientTangent, Residual.inputScale,
      edges.shortcutInput.gradientTangent, into: x.gradientTangent)
  }

  public func refresh() {
    branch.refresh()
    shortcut?.refresh()
  }

  public func commit() {
    branch.commit()
    shortcut?.commit()
  }

  private struct Edges {
    let branchInput: Edge
    let shortcutInput: Edge
    let branchOutput: Edge
    let shortcutOutput: Edge
  }

  private func edges(_ samples: Int) -> Edges {
    Edges(
      branchInput: branchInput.prefix(samples), shortcutInput: shortcutInput.prefix(samples),
      branchOutput: branchOutput.prefix(samples), shortcutOutput: shortcutOutput.prefix(samples))
  }
}
