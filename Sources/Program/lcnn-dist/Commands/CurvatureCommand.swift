import ArgumentParser
import Curvature
import MessagePassing
import Networks
import Reporting
import Surveys

struct CurvatureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curvature",
    abstract: "Input gradient, Hessian norm and curvature of a trained model, sample by sample.",
    discussion: """
      C_f = ‖∇²f‖/(‖∇f‖ + 1e-6), spectral norm of the input Hessian over the norm of the \
      input gradient. The numbers are the same for any number of ranks and any batch size.
      """)

  @OptionGroup(title: "ESTIMATOR")
  var estimator: EstimatorOptions

  @OptionGroup var options: MeasurementOptions

  func run() throws {
    try options.ranks.run { try measure(over: $0) }
  }

  private func measure(over world: any Communicator) throws {
    let measurement = try options.prepare(
      .curvature, settings: [("the estimator", estimator.text)], world)
    let model = measurement.model
    let reports = try model.data.map { data in
      try measurement.timed(data) {
        let samples = try CurvatureSurvey(
          model.network, data, of: measurement.function, estimator: estimator.resolved,
          probes: ProbeDirections(seed: model.recipe.seed), batch: model.recipe.batchSize,
          communicator: world, observer: measurement.observer
        ).run(keeper: measurement.keeper)
        return CurvatureReport(samples, of: data)
      }
    }
    try measurement.finish(
      reports, settings: .init(method: estimator.text),
      heading: "; \(estimator.text)\(remark(on: model.network.architecture.variant))")
  }

  /// Warning that ‖∇²f‖ leaves out the places where the derivatives of the activations jump.
  private func remark(on variant: Architecture.Variant) -> String {
    guard case .fixed(let function) = variant.activation, function.largestCurvature == nil else {
      return ""
    }
    return "; the derivative of a \(function.name) jumps, ‖∇²f‖ is that of the pieces between jumps"
  }
}
