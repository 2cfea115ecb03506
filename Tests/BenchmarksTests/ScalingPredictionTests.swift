import Benchmarks
import Testing

@Suite struct ScalingPredictionTests {
  /// A step of two ranks with 0.1 s per sample-proportional sweep, 10 ms of update and 4 MB of
  /// gradients.
  private static let step = StepSimulation(
    stages: [
      StepSimulation.Stage(seconds: 0.1, scalesWithSamples: true, sums: [1032]),
      StepSimulation.Stage(seconds: 0.2, scalesWithSamples: true, sums: [1032], bucket: 3_000_000),
      StepSimulation.Stage(seconds: 0, scalesWithSamples: false, bucket: 1_000_000),
    ],
    tail: [StepSimulation.Stage(seconds: 0.01, scalesWithSamples: false)])

  private static func all(
    samples: Int = 128, links: [AssumedLink] = AssumedLink.all
  ) -> [ScalingPrediction] {
    ScalingPrediction.all(step, samples: samples, measuredRanks: 2, links: links)
  }

  @Test("a link without cost leaves the efficiency of computing alone")
  func free() throws {
    let free = AssumedLink(name: "free", link: Link(latency: 0, bandwidth: .infinity))
    for prediction in Self.all(links: [free]) {
      switch prediction.batch {
      case .perRank: #expect(prediction.efficiency == 1)
      case .global:
        // One rank: 2·0.3 + 0.01; n ranks: 2·0.3/n + 0.01 each.
        let ranks = Double(prediction.ranks)
        let expected = 0.61 / (0.6 + 0.01 * ranks)
        #expect(abs(prediction.efficiency - expected) < 1e-12, "\(prediction)")
      }
    }
  }

  @Test("seconds are those of the simulated step on the link")
  func seconds() throws {
    let link = AssumedLink(name: "gigabit", link: Link(latency: 1e-4, bandwidth: 1.25e8))
    let found = try #require(
      Self.all(links: [link]).first {
        $0.ranks == 8 && $0.batch == .perRank && $0.strategy == .blocking
      })
    let sums = [1032, 1032, 3_000_000, 1_000_000].reduce(0.0) {
      $0 + link.link.sumSeconds(bytes: $1, ranks: 8)
    }
    #expect(abs(found.seconds - (0.31 + sums)) < 1e-12, "\(found)")
    #expect(abs(found.efficiency - 0.31 / found.seconds) < 1e-12)
  }

  @Test(
    "no link makes ranks more efficient than a faster one, and overlapping never less than blocking"
  )
  func order() {
    let found = Self.all()
    for prediction in found {
      #expect(prediction.efficiency > 0 && prediction.efficiency <= 1)
      let faster = found.filter {
        $0.ranks == prediction.ranks && $0.batch == prediction.batch
          && $0.strategy == prediction.strategy && $0.link == "100 Gb/s"
      }
      #expect(faster.allSatisfy { $0.efficiency >= prediction.efficiency })
      guard prediction.strategy == .blocking else { continue }
      let overlapped = found.filter {
        $0.ranks == prediction.ranks && $0.batch == prediction.batch
          && $0.strategy == .nonblocking && $0.link == prediction.link
      }
      #expect(overlapped.allSatisfy { $0.efficiency >= prediction.efficiency })
    }
  }

  @Test("a global batch is not shared by more ranks than it has samples")
  func ranks() {
    let ranks = Set(Self.all(samples: 100).filter { $0.batch == .global }.map(\.ranks))
    #expect(ranks == [8, 16, 32, 64])
    #expect(Set(Self.all().filter { $0.batch == .perRank }.map(\.ranks)).max() == 1024)
  }
}
