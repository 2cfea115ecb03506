import Foundation
import MessagePassing

/// Where the ranks of a job run, threads being ranks too: their machines and the cores that they may use.
public struct RankPlacement: Sendable, Equatable, Codable {
  /// A machine, its ranks, and the cores that any of them may use.
  public struct Machine: Sendable, Equatable, Codable {
    /// Its hosts: several where network namespaces share it.
    public let hosts: [String]
    public let ranks: Int
    public let cores: Int

    /// Whether ranks must share a core; also where it is not known which they may use.
    public var isOversubscribed: Bool { ranks > cores }
  }

  public let machines: [Machine]

  /// Machines in the order of their first ranks.
  public init(_ ranks: [(host: String, available: AvailableCores)]) {
    var names: [String] = []
    for rank in ranks where !names.contains(rank.available.node) {
      names.append(rank.available.node)
    }
    machines = names.map { name in
      let own = ranks.filter { $0.available.node == name }
      var hosts: [String] = []
      for rank in own where !hosts.contains(rank.host) { hosts.append(rank.host) }
      let cores = own.reduce(into: Set<Int>()) { $0.formUnion($1.available.cores) }
      // A control group grants the time of so many cores to all of its processes together.
      let granted = own.compactMap(\.available.quota).min().map { Int(min($0, 1e6)) } ?? .max
      return Machine(hosts: hosts, ranks: own.count, cores: min(cores.count, granted))
    }
  }

  /// Collective.
  public init(of communicator: any Communicator) throws {
    let hosts = communicator.allGather(Array(ProcessInfo.processInfo.hostName.utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    self.init(Array(zip(hosts, try AvailableCores.gather(over: communicator))))
  }

  /// Whether ranks must share a core, so that their times tell nothing about more of them.
  public var isOversubscribed: Bool { machines.contains(where: \.isOversubscribed) }
}

extension RankPlacement.Machine: CustomStringConvertible {
  public var description: String {
    "\(hosts.joined(separator: ", ")): \(ranks) rank\(ranks == 1 ? "" : "s") on \(cores) "
      + "core\(cores == 1 ? "" : "s")"
  }
}
