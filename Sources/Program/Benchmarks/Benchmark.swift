import Foundation
import Kernels
import MessagePassing
import Networks
import Recipes
import Training

/// Runs the sections asked for, and those that they depend on, on all ranks at the same time.
public struct Benchmark {
  /// The results; nil for a section that was neither asked for nor needed.
  public struct Findings: Sendable, Encodable {
    public let placement: RankPlacement
    /// The number of runnable tasks of rank 0's node, a mean over the minute before the start.
    public let loadBefore: Double
    public let effort: Effort
    public fileprivate(set) var machine: CorePeaks?
    public fileprivate(set) var kernels: KernelTimes?
    public fileprivate(set) var step: StepBreakdown?
    public fileprivate(set) var arms: ArmTimes?
    public fileprivate(set) var allreduce: AllreduceTimes?
    public fileprivate(set) var overlap: OverlapTimes?
    public fileprivate(set) var scaling: ScalingTimes?
    public fileprivate(set) var reproducible: ReproducibleTimes?
    public fileprivate(set) var diagnosis: DiagnosisTimes?
    public fileprivate(set) var observation: ObservationTimes?
    public fileprivate(set) var model: ModelledStep?
    public fileprivate(set) var refusal: ModelledStep.Refusal?
  }

  private let recipe: Recipe
  private let communicator: any Communicator
  private let diagnosis: DiagnosisSwitch?
  private let display: (any TrainingObserver)?
  private let effort: Effort
  private let note: (String) -> Void

  /// - Parameters:
  ///   - diagnosis: turns the ledger and the watchdog of `communicator` off and on, if there are
  ///     any.
  ///   - display: rank 0's display of a run, whose cost is measured.
  ///   - note: is told of the next measurement.
  public init(
    _ recipe: Recipe, communicator: any Communicator, diagnosis: DiagnosisSwitch? = nil,
    display: (any TrainingObserver)? = nil, _ effort: Effort, note: @escaping (String) -> Void
  ) {
    self.recipe = recipe
    self.communicator = communicator
    self.diagnosis = diagnosis
    self.display = display
    self.effort = effort
    self.note = note
  }

  /// Collective; every rank returns its measurements.
  public func run(_ asked: Set<BenchmarkSection>) throws -> Findings {
    let needed = BenchmarkSection.needed(for: asked, ranks: communicator.size)
    let agreement = Agreement(communicator)
    let subject = try agreement.perform {
      try BenchmarkSubject(recipe, communicator: communicator)
    }
    var findings = Findings(
      placement: try RankPlacement(of: communicator), loadBefore: Self.load, effort: effort)
    // Kernels are measured without collectives, and not equally long on all ranks.
    communicator.programPoint = ProgramPoint(.preparing)
    if needed.contains(.machine) {
      note("measuring the machine")
      communicator.barrier()
      findings.machine = try agreement.perform { try CoreBenchmark(effort).run() }
    }
    if needed.contains(.kernels) {
      communicator.barrier()
      findings.kernels = try agreement.perform {
        try KernelBenchmark(subject, effort).run { next in
          communicator.beat()
          note("measuring kernels: \(next)")
        }
      }
    }
    if needed.contains(.allreduce) {
      note("measuring allreduces")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.allreduce = AllreduceBenchmark(communicator: communicator, effort).run(
        normChannels: findings.kernels?.activations.map(\.channels) ?? Self.usualChannels)
    }
    if needed.contains(.overlap) {
      note("measuring the overlap of allreduces with computing")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.overlap = try OverlapBenchmark(subject, communicator: communicator, effort).run()
    }
    if needed.contains(.scaling), subject.allRanksHaveSamples {
      note("measuring ranks together and by themselves")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.scaling = try ScalingBenchmark(subject, communicator: communicator, effort).run()
    }
    if needed.contains(.reproducible) {
      note("measuring the step with and without reproducible sums")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.reproducible = try ReproducibleBenchmark(
        recipe, communicator: communicator, effort
      ).run()
    }
    if needed.contains(.diagnosis), let diagnosis {
      note("measuring the step with and without ledger and watchdog")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.diagnosis = try DiagnosisBenchmark(
        subject, communicator: communicator, diagnosis, effort
      ).run()
    }
    if needed.contains(.observation), let display {
      note("measuring the step with and without metrics, event file, display and trace")
      communicator.programPoint = ProgramPoint(.measurement)
      findings.observation = try ObservationBenchmark(
        subject, communicator: communicator, display: display, effort
      ).run()
    }
    if needed.contains(.arms) {
      communicator.programPoint = ProgramPoint(.measurement)
      findings.arms = try ArmsBenchmark(recipe, communicator: communicator, effort).run { arm in
        note("measuring the step of the \(arm.rawValue) arm and of the standard one")
      }
    }
    guard let kernels = findings.kernels, needed.contains(.step) else { return findings }
    note("measuring the training step")
    let step = try StepBenchmark(subject, communicator: communicator, effort).run(
      kernels: kernels)
    findings.step = step.times
    guard needed.contains(.model) else { return findings }
    if findings.placement.isOversubscribed {
      findings.refusal = .oversubscribed
    } else {
      findings.model = ModelledStep(step, sums: findings.allreduce)
    }
    return findings
  }

  /// The channels of ResNet-18's batch norms, where the kernels of the network have not been
  /// measured.
  private static let usualChannels = [64, 128, 256, 512]

  private static var load: Double {
    var loads = [0.0, 0.0, 0.0]
    return getloadavg(&loads, 3) > 0 ? loads[0] : 0
  }
}

extension Benchmark.Findings {
  /// The findings as JSON in seconds, bytes and operations, with sorted keys like those of a
  /// recipe.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .custom { path in
      HyphenatedKey(path[path.count - 1].stringValue)
    }
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  /// `imagesPerSecond` as `images-per-second`.
  private struct HyphenatedKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) {
      stringValue = name.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }
}
