import Curvature
import Networks
import Tensors

/// The ranges of β and γ over a network's layers, and the surrogate bound on its curvature.
///
/// A range is nil where the network has no such scalars to train; the bound where it has an
/// obstacle.
public struct NetworkGeometry: Sendable, Equatable {
  public let beta: ClosedRange<Float>?
  public let gamma: ClosedRange<Float>?
  public let surrogateBound: Double?

  /// Reads a model whose reparameterisations have been refreshed.
  public init(_ model: Model) {
    beta = NetworkGeometry.range(of: .logBeta, in: model)
    gamma = NetworkGeometry.range(of: .logLipschitz, in: model)
    surrogateBound = CurvatureBound.surrogate(model)
  }

  package init(
    beta: ClosedRange<Float>?, gamma: ClosedRange<Float>?, surrogateBound: Double?
  ) {
    self.beta = beta
    self.gamma = gamma
    self.surrogateBound = surrogateBound
  }

  private static func range(
    of kind: Parameter.Kind, in model: Model
  ) -> ClosedRange<Float>? {
    let values = model.trained.filter { $0.kind == kind }.map { $0.effective[0] }
    guard let smallest = values.min(), let largest = values.max() else { return nil }
    return smallest...largest
  }
}
