import Benchmarks
import MessagePassing
import Testing

@Suite struct RankPlacementTests {
  @Test("ranks bound to a core each have one each")
  func bound() {
    let found = RankPlacement([("a", [0]), ("a", [1]), ("b", [0]), ("b", [1])])
    #expect(found.hosts.map(\.name) == ["a", "b"])
    #expect(found.hosts.map(\.ranks) == [2, 2] && found.hosts.map(\.processors) == [2, 2])
    #expect(!found.isOversubscribed)
  }

  @Test("more ranks than processors on any host oversubscribe it")
  func oversubscribed() {
    #expect(RankPlacement([("a", [0, 1]), ("a", [0, 1]), ("a", [0, 1])]).isOversubscribed)
    #expect(RankPlacement([("a", [0]), ("a", [0])]).isOversubscribed)
    #expect(RankPlacement([("a", [0, 1]), ("a", [0, 1]), ("b", [])]).isOversubscribed)
    #expect(!RankPlacement([("a", [0, 1]), ("a", [0, 1])]).isOversubscribed)
  }

  @Test("a rank alone has at least a processor")
  func own() {
    let found = RankPlacement(of: SoloCommunicator())
    #expect(found.hosts.count == 1 && !found.isOversubscribed, "\(found)")
  }

  @Test("the kernel's lists of processors are read")
  func list() {
    #expect(RankPlacement.processors(inList: "\t0-3,8\n") == [0, 1, 2, 3, 8])
    #expect(RankPlacement.processors(inList: "5") == [5])
    #expect(RankPlacement.processors(inList: "").isEmpty)
  }
}
