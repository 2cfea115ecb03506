import Failures
import RandomNumbers
import Tensors

/// The Square attack: random search that reads logits only, so that masked gradients do not mislead
/// it.
///
/// Each query changes a random square window of the best point so far, and keeps the change if the
/// margin z_y − max_{i≠y} z_i falls. The window's share of the image starts at p = 0.8 and is
/// halved at the paper's fractions of the queries. Proposals are a function of seed, sample and
/// query.
/// - Source: Andriushchenko, Croce, Flammarion and Hein, "Square attack: a query-efficient
///   black-box adversarial attack via random search", ECCV 2020; p as in Croce and Hein, ICML 2020.
public struct SquareAttack: Attack {
  private static let initialShare = 0.8
  /// The queries, of 10,000, after which p is halved.
  private static let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]
  private static let scheduleLength = 10_000

  public let queries: Int
  public let seed: UInt64

  public init(queries: Int, seed: UInt64) {
    require(queries > 0, "\(queries) queries")
    self.queries = queries
    self.seed = seed
  }

  public func run(on slice: AttackedSlice) {
    var generators = slice.samples.map {
      KeyedGenerator(seed: seed, purpose: .squareAttack, a: UInt64($0.index))
    }
    var margins = [Float](repeating: .infinity, count: slice.samples.count)
    for query in 0..<queries {
      let share = Self.share(query: query, of: queries)
      for place in slice.active {
        let proposal = SquareProposal(slice, place)
        if query == 0 {
          proposal.begin(&generators[place])
        } else {
          slice.point(place).copy(from: slice.best(place))
          proposal.change(share: share, &generators[place])
        }
        slice.threat.project(slice.point(place), around: slice.image(place))
      }
      slice.forward()
      let active = slice.active
      if active.isEmpty { return }
      for place in active {
        let margin = slice.logits(place).margin(of: slice.samples[place].label)
        if margin < margins[place] {
          margins[place] = margin
          slice.best(place).copy(from: slice.point(place))
        }
      }
    }
  }

  /// p, the share of the image that a window covers.
  package static func share(query: Int, of queries: Int) -> Double {
    let position = query * scheduleLength / queries
    return initialShare * halvings.reduce(1) { position > $1 ? $0 / 2 : $0 }
  }
}
