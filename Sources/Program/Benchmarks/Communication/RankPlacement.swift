import Foundation
import MessagePassing

/// The nodes of a job's ranks, threads included, and the cores that the ranks may use.
public struct RankPlacement: Sendable, Equatable, Codable {
  /// A node, its ranks, and the cores that any of them may use.
  public struct Node: Sendable, Equatable, Codable {
    /// Host names: several where network namespaces share the node.
    public let hosts: [String]
    public let ranks: Int
    public let cores: Int

    /// Whether ranks must share a core, or may have to.
    public var isOversubscribed: Bool { ranks > cores }
  }

  public let nodes: [Node]

  private enum CodingKeys: String, CodingKey { case nodes = "machines" }

  /// Places ranks on nodes, in the order of the nodes' first ranks.
  public init(_ ranks: [(host: String, available: AvailableCores)]) {
    var names: [String] = []
    for rank in ranks where !names.contains(rank.available.node) {
      names.append(rank.available.node)
    }
    nodes = names.map { name in
      let local = ranks.filter { $0.available.node == name }
      var hosts: [String] = []
      for rank in local where !hosts.contains(rank.host) { hosts.append(rank.host) }
      let cores = local.reduce(into: Set<Int>()) { $0.formUnion($1.available.cores) }
      // A control group grants the time of so many cores to all of its processes together.
      let granted = local.compactMap(\.available.quota).min().map { Int(min($0, 1e6)) } ?? .max
      return Node(hosts: hosts, ranks: local.count, cores: min(cores.count, granted))
    }
  }

  /// Collective.
  public init(of communicator: any Communicator) throws {
    let hosts = communicator.allGather(Array(ProcessInfo.processInfo.hostName.utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    self.init(Array(zip(hosts, try AvailableCores.gather(over: communicator))))
  }

  /// Whether ranks must share a core, so that their times tell nothing about more ranks.
  public var isOversubscribed: Bool { nodes.contains(where: \.isOversubscribed) }
}

extension RankPlacement.Node: CustomStringConvertible {
  public var description: String {
    "\(hosts.joined(separator: ", ")): \(ranks) rank\(ranks == 1 ? "" : "s") on \(cores) "
      + "core\(cores == 1 ? "" : "s")"
  }
}
