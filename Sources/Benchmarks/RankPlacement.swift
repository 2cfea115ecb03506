import Foundation
import MessagePassing

/// Where the ranks of a job run: their hosts and the processors that each may use.
public struct RankPlacement: Sendable, Equatable, Codable {
  /// A machine, its ranks, and the processors that any of them may use.
  public struct Host: Sendable, Equatable, Codable {
    public let name: String
    public let ranks: Int
    public let processors: Int

    public var isOversubscribed: Bool { ranks > processors }
  }

  public let hosts: [Host]

  /// Hosts in the order of their first ranks.
  public init(_ ranks: [(host: String, processors: Set<Int>)]) {
    var names: [String] = []
    var counts: [String: Int] = [:]
    var processors: [String: Set<Int>] = [:]
    for rank in ranks {
      if counts[rank.host] == nil { names.append(rank.host) }
      counts[rank.host, default: 0] += 1
      processors[rank.host, default: []].formUnion(rank.processors)
    }
    hosts = names.map {
      Host(name: $0, ranks: counts[$0] ?? 0, processors: processors[$0]?.count ?? 0)
    }
  }

  /// Collective.
  public init(of communicator: any Communicator) {
    let own =
      ([ProcessInfo.processInfo.hostName] + RankPlacement.ownProcessors.map(String.init))
      .joined(separator: "\n")
    self.init(
      communicator.allGather(Array(own.utf8)).map { bytes in
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return (lines.first.map(String.init) ?? "", Set(lines.dropFirst().compactMap { Int($0) }))
      })
  }

  /// Whether ranks must share a processor, so that their times tell nothing about more of them; also
  /// where it is not known which they may use.
  public var isOversubscribed: Bool { hosts.contains(where: \.isOversubscribed) }

  /// This process's affinity; empty where the system does not tell.
  private static var ownProcessors: [Int] {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    return line.map { processors(inList: $0.dropFirst("Cpus_allowed_list:".count)) } ?? []
  }

  /// The numbers of a list such as `0-3,8`, as the kernel writes sets of processors.
  package static func processors(inList list: some StringProtocol) -> [Int] {
    list.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { end in
        Int(String(end.filter { !$0.isWhitespace }))
      }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }
}

extension RankPlacement.Host: CustomStringConvertible {
  public var description: String {
    "\(name): \(ranks) rank\(ranks == 1 ? "" : "s") on \(processors) "
      + "processor\(processors == 1 ? "" : "s")"
  }
}
