import Datasets
import MessagePassing
import Networks
import Robustness
import Tensors

/// Attacks on every sample of a data set, for any number of ranks.
///
/// Each stage attacks only samples that earlier stages have not broken. Before each stage these
/// samples are cut into new slices, and ranks share whole slices, so the work stays balanced. A
/// slice holds the same samples for any number of ranks and any batch size, so its findings have
/// the same bits.
public struct AttackSurvey {
  /// Results of a survey.
  public struct Result: Sendable {
    public let tally: RobustnessTally
    /// Pixels of the adversarial examples by sample, height × width × channels; only on rank 0, and
    /// only if they are kept.
    public let examples: [Int: [Float]]
  }

  /// Progress at the end of a stage, reported on every rank.
  public struct Progress: Sendable {
    public let epsilon: Double
    public let stage: AttackPlan.Stage
    public let attacked: Int
    public let broken: Int
  }

  public enum Examples: Sendable, Equatable { case kept, dropped }

  private let model: Model
  private let dataset: Dataset
  private let plan: AttackPlan
  private let batch: Int
  private let examples: Examples
  private let communicator: any Communicator

  /// - Parameters:
  ///   - model: built for input gradients, for a slice or more.
  ///   - batch: number of samples that ranks share between two writes of the state; changes no
  ///     result.
  /// - Throws: ``AttackError`` if the plan does not fit the data.
  public init(
    _ model: Model, _ dataset: Dataset, plan: AttackPlan, examples: Examples = .dropped,
    batch: Int, communicator: any Communicator
  ) throws {
    guard dataset.classes > 1 else {
      throw AttackError.tooFewClasses(dataset: dataset.name, classes: dataset.classes)
    }
    let largest = plan.norm.diameter(pixels: dataset.pixelsPerImage)
    if let epsilon = plan.epsilons.first(where: { $0 > largest }) {
      throw AttackError.beyondImages(epsilon: epsilon, norm: plan.norm.rawValue, largest: largest)
    }
    self.model = model
    self.dataset = dataset
    self.plan = plan
    self.examples = examples
    self.batch = batch
    self.communicator = communicator
  }

  /// Runs the attacks and returns each sample's findings on every rank.
  ///
  /// Collective. The findings have the same bits for any number of ranks and any batch size.
  /// - Parameters:
  ///   - keeper: findings to resume from and to add to; nil on all ranks if none are kept.
  ///   - observer: rank 0's.
  ///   - report: called on every rank when a stage ends.
  /// - Throws: ``AttackError`` if a logit is not finite, and errors of the state's file.
  public func run(
    keeper: SurveyKeeper? = nil, observer: SurveyObserver? = nil,
    _ report: (Progress) -> Void = { _ in }
  ) throws -> Result {
    var work = AttackWork(plan, classes: dataset.classes, samples: dataset.count)
    model.refresh(.evaluation)
    let slice = try Agreement(communicator).perform { try AttackedSlice(model) }
    var stored = try storedFindings(keeper?.state)
    var kept: [Int: [Float]] = [:]
    func sweep(
      _ attack: any Attack, _ threat: ThreatModel, epsilon: Int?, stage: Int?, _ samples: [Int]
    ) throws -> [AttackRecord] {
      work.begin(epsilon: epsilon, stage: stage, samples: samples.count)
      let findings = try findings(
        slice, &stored, keeper, samples, epsilon: epsilon, stage: stage, forwards: work.forwards,
        onProgress: { done, open in
          work.advance(to: done, of: open)
          if let observer, communicator.rank == 0 { observer(work.progress) }
        }
      ) {
        slice.begin(threat)
        attack.run(on: slice)
      }
      work.end()
      for finding in findings where communicator.rank == 0 {
        for (place, sample) in finding.key.samples.enumerated() {
          if let pixels = finding.pixels(place) { kept[sample] = pixels }
        }
      }
      return findings.flatMap(\.records)
    }

    let everything = Array(0..<dataset.count)
    let clean = try sweep(
      Unperturbed(), ThreatModel(plan.norm, epsilon: 0), epsilon: nil, stage: nil, everything)
    var tally = RobustnessTally(plan, clean: clean)
    for (index, epsilon) in plan.epsilons.enumerated() {
      tally.beginNextEpsilon()
      for (number, stage) in plan.stages(classes: dataset.classes).enumerated() {
        let samples = tally.survivors
        if samples.isEmpty { break }
        let records = try sweep(
          plan.attack(stage), ThreatModel(plan.norm, epsilon: epsilon), epsilon: index,
          stage: number, samples)
        for (sample, record) in zip(samples, records) {
          tally.add(record, of: sample, by: stage.kind)
        }
        report(
          Progress(
            epsilon: epsilon, stage: stage, attacked: samples.count,
            broken: records.count(where: \.isMisclassified)))
      }
    }
    return Result(tally: tally, examples: kept)
  }

  /// Returns the findings of all slices of `samples`, in their order.
  ///
  /// `attack` runs only on slices without stored findings, and makes at most `forwards` forward
  /// passes on each. `onProgress` is told how many of these slices' samples are done, and their
  /// number; this rank's slices of a round stand for those of all ranks.
  private func findings(
    _ slice: AttackedSlice, _ stored: inout [AttackFindings.Key: AttackFindings],
    _ keeper: SurveyKeeper?, _ samples: [Int], epsilon: Int?, stage: Int?,
    forwards: Int, onProgress: @escaping (Double, Int) -> Void, attack: () -> Void
  ) throws -> [AttackFindings] {
    let keys = stride(from: 0, to: samples.count, by: slice.capacity).map {
      AttackFindings.Key(
        epsilon: epsilon, stage: stage,
        samples: Array(samples[$0..<min($0 + slice.capacity, samples.count)]))
    }
    let open = keys.filter { stored[$0] == nil }
    let openSamples = open.reduce(0) { $0 + $1.samples.count }
    var done = 0
    if !open.isEmpty {
      // Ranks share slices as they share samples of a data set: in rounds, with one part per rank.
      let (rank, size) = (communicator.rank, communicator.size)
      let rounds = ShardedSampler(
        count: open.count, globalBatch: max(1, batch / (slice.capacity * size)) * size,
        order: .natural)
      for round in 0..<rounds.stepsPerEpoch {
        var others = Double(done)
        let lines = try Agreement(communicator).perform {
          var lines: [String] = []
          for key in open[rounds.share(step: round, rank: rank, size: size)] {
            if keeper?.isStopRequested ?? false { break }
            load(key, into: slice)
            let samples = Double(key.samples.count * size)
            var passes = 0
            slice.onForward = {
              communicator.beat()
              passes += 1
              let share = min(Double(passes) / Double(forwards), 1)
              onProgress(min(others + share * samples, Double(openSamples)), openSamples)
            }
            attack()
            others += samples
            onProgress(min(others, Double(openSamples)), openSamples)
            lines.append(try finding(key, of: slice).line())
          }
          return lines
        }
        for finding in try gather(lines, keeper?.state) {
          stored[finding.key] = finding
          done += finding.key.samples.count
        }
        try keeper?.stopIfRequested()
        onProgress(Double(done), openSamples)
      }
    }
    return keys.compactMap { stored.removeValue(forKey: $0) }
  }

  private func load(_ key: AttackFindings.Key, into slice: AttackedSlice) {
    slice.load(
      key.samples.map { AttackedSlice.Sample(index: $0, label: Int(dataset.labels[$0])) }
    ) { dataset.copyImage($0.index, into: $1) }
  }

  private func finding(
    _ key: AttackFindings.Key, of slice: AttackedSlice
  ) throws -> AttackFindings {
    var pixels: [Int: [Float]] = [:]
    for (place, record) in slice.records.enumerated() {
      guard record.isFinite else {
        throw AttackError.notFinite(
          dataset: dataset.name, split: dataset.split, sample: key.samples[place])
      }
      if examples == .kept && record.isMisclassified && key.epsilon != nil {
        pixels[place] = Array(slice.foundPoint(place).buffer)
      }
    }
    return AttackFindings(key, slice.records, examples: pixels)
  }

  /// Stores the findings of all ranks on rank 0, then returns them on all ranks.
  private func gather(_ lines: [String], _ state: SurveyState?) throws -> [AttackFindings] {
    let all = communicator.allGather(Array(lines.joined(separator: "\n").utf8))
      .flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
    try Agreement(communicator).performOnRoot { try state?.append(all.map(String.init)) }
    return try all.map { try AttackFindings(line: $0) }
  }

  /// Returns the findings in rank 0's state on all ranks.
  private func storedFindings(
    _ state: SurveyState?
  ) throws -> [AttackFindings.Key: AttackFindings] {
    try Agreement(communicator).perform {
      for (number, line) in (state?.lines ?? []).enumerated() {
        guard (try? AttackFindings(line: line)) != nil else {
          throw SurveyError.damagedState(path: state?.path ?? "", line: number + 2)
        }
      }
    }
    let text = communicator.allGather(
      Array((state?.lines ?? []).joined(separator: "\n").utf8))
    return try text.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
      .reduce(into: [:]) { stored, line in
        let finding = try AttackFindings(line: line)
        stored[finding.key] = finding
      }
  }
}
