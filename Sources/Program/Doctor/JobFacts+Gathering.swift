import Foundation
import MessagePassing

extension JobFacts {
  /// The facts of every rank.
  ///
  /// Collective.
  public init(gathering facts: RankFacts, over communicator: any Communicator) throws {
    var facts = facts
    communicator.barrier()
    facts.clock = Date().timeIntervalSince1970
    let bytes = Array(try JSONEncoder().encode(facts))
    self.init(
      try communicator.allGather(bytes).map {
        try JSONDecoder().decode(RankFacts.self, from: Data($0))
      })
  }
}
