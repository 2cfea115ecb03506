import Benchmarks
import MessagePassing
import Testing

@Suite struct RankPlacementTests {
  private func placement(
    _ ranks: [(host: String, machine: String, cores: [Int])], quota: Double? = nil
  ) -> RankPlacement {
    RankPlacement(
      ranks.map {
        (
          host: $0.host,
          available: AvailableCores(node: $0.machine, cores: $0.cores, quota: quota)
        )
      })
  }

  @Test("ranks bound to a core each have one each")
  func bound() {
    let found = placement([("a", "1", [0]), ("a", "1", [1]), ("b", "2", [0]), ("b", "2", [1])])
    #expect(found.nodes.map(\.hosts) == [["a"], ["b"]])
    #expect(found.nodes.map(\.ranks) == [2, 2] && found.nodes.map(\.cores) == [2, 2])
    #expect(!found.isOversubscribed)
  }

  @Test("more ranks than cores on any machine oversubscribe it, by whatever hosts' names")
  func oversubscribed() {
    #expect(!placement([("a", "1", [0, 1]), ("a", "1", [0, 1])]).isOversubscribed)
    #expect(
      placement([("a", "1", [0, 1]), ("a", "1", [0, 1]), ("a", "1", [0, 1])]).isOversubscribed)
    #expect(placement([("a", "1", [0]), ("a", "1", [0])]).isOversubscribed)
    #expect(placement([("a", "1", [0, 1]), ("b", "2", [])]).isOversubscribed)
    let namespaces = placement([("a", "1", [0]), ("b", "1", [0])])
    #expect(namespaces.isOversubscribed && namespaces.nodes.map(\.hosts) == [["a", "b"]])
  }

  @Test("a control group's limit counts where it is lower")
  func quota() {
    let ranks = [("a", "1", [0, 1]), ("a", "1", [0, 1])]
    #expect(placement(ranks, quota: 1.5).isOversubscribed)
    #expect(!placement(ranks, quota: 2).isOversubscribed)
  }

  @Test("a rank alone has at least a core")
  func local() throws {
    let found = try RankPlacement(of: SoloCommunicator())
    #expect(found.nodes.count == 1 && found.nodes[0].cores >= 1, "\(found)")
  }
}
