import Curvature
import Datasets
import InProcessRanks
import Networks
import Robustness
import Surveys
import Synchronization
import Tensors
import TestSupport
import Testing

/// Progress that observers of surveys receive.
@Suite struct SurveyProgressTests {
  @Test(
    "rank 0 is told after every slice, and at the end that all samples are done",
    arguments: [1, 2, 3])
  func sweep(ranks: Int) throws {
    let dataset = try DatasetSource.synthetic(
      height: 2, width: 2, channels: 1, classes: 7, count: 53, seed: 3
    ).load(.test, directory: nil)
    let told = Mutex<[SurveyProgress]>([])
    _ = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try SliceSweep(
        dataset, slices: Slices(samples: 4), batch: 8, communicator: communicator, name: "count",
        observer: { progress in told.withLock { $0.append(progress) } }
      ).run { slice in [Int](repeating: 0, count: slice.count) }
    }
    let progress = told.withLock { $0 }
    // 14 slices, of which rank 0 has its share.
    #expect(progress.count == (14 + ranks - 1) / ranks)
    #expect(zip(progress, progress.dropFirst()).allSatisfy { $0.done <= $1.done })
    #expect(progress.last?.share == 1 && progress.last?.count == "53 of 53 samples")
    #expect(progress.allSatisfy { $0.survey == "count, test" && $0.total == 53 })
  }

  /// Surveys whose slices may take minutes, by the number of steps that each slice has at least.
  enum LongSlices: CaseIterable { case curvature, stability, landscape, attack }

  @Test("rank 0 is told within a slice too", arguments: LongSlices.allCases, [1, 2])
  func withinSlices(survey: LongSlices, ranks: Int) throws {
    let dataset = try DatasetSource.synthetic(
      height: 6, width: 6, channels: 2, classes: 3, count: 9, seed: 5
    ).load(.test, directory: nil)
    let told = Mutex<[SurveyProgress]>([])
    _ = try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try Model(
        SmallNetwork.resNetLowCurvature.architecture(),
        ModelConfiguration(
          survey == .curvature ? .curvature : .inputGradients, maximumSamples: 4,
          slices: Slices(samples: 4)),
        communicator: communicator)
      model.initialize(seed: 7)
      model.balanceClasses()
      let probes = ProbeDirections(seed: 3)
      let observer: SurveyObserver = { progress in told.withLock { $0.append(progress) } }
      switch survey {
      case .curvature:
        _ = try CurvatureSurvey(
          model, dataset, of: .loss, estimator: .lanczos(iterations: 7, tolerance: 0),
          probes: probes, batch: 8, communicator: communicator, observer: observer
        ).run()
      case .stability:
        _ = try StabilitySurvey(
          model, dataset, of: .loss, epsilons: [0.1, 0.2], directions: 3, probes: probes, batch: 8,
          communicator: communicator, observer: observer
        ).run()
      case .landscape:
        _ = try LandscapeSurvey(
          model, dataset, of: .loss,
          settings: LandscapeSurvey.Settings(
            radius: 0.5, points: 5, threat: ThreatModel(.l2, epsilon: 0.1), steps: 3),
          probes: probes, batch: 8, communicator: communicator, observer: observer
        ).run()
      case .attack:
        var effort = AttackPlan.Effort()
        effort.queries = 7
        _ = try AttackSurvey(
          model, dataset,
          plan: AttackPlan(.l2, epsilons: [1e-4], kinds: [.square], effort: effort, seed: 3),
          batch: 8, communicator: communicator
        ).run(observer: observer)
      }
    }
    let progress = told.withLock { $0 }
    // At most three slices of four samples, or nine of one, over the ranks.
    let steps = Set(progress.map(\.done)).count
    #expect(steps > (survey == .landscape ? 9 : 3) / ranks, "\(progress)")
    #expect(zip(progress, progress.dropFirst()).allSatisfy { $0.done <= $1.done })
    #expect(progress.last?.share == 1)
  }
}
