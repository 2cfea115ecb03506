import ArgumentParser
import Curvature
import MessagePassing
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
    let subject = try options.prepare(.curvature, world)
    let reports = try subject.data.map { data in
      try subject.timed(data) {
        let samples = try CurvatureSurvey(
          subject.network, data, of: subject.function, estimator: estimator.resolved,
          probes: ProbeDirections(seed: subject.recipe.seed), batch: subject.recipe.batchSize,
          communicator: world
        ).run()
        return CurvatureReport(samples, of: data)
      }
    }
    try subject.finish(
      reports, settings: Settings(method: estimator.text), heading: "; \(estimator.text)")
  }

  private struct Settings: Encodable { let method: String }
}
