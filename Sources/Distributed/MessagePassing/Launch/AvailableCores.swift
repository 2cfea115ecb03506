import Foundation

/// The cores of its node that a process may use.
public struct AvailableCores: Codable, Equatable, Sendable {
  /// Name of the node, equal for all processes on it: the identifier of the kernel's last start.
  public let node: String
  /// The lowest logical CPU of each core, ascending.
  ///
  /// Arithmetic gains nothing from a second thread on a core.
  public let cores: [Int]
  /// Number of cores whose time the control groups grant; nil without a limit.
  public let quota: Double?

  public init(node: String, cores: [Int], quota: Double? = nil) {
    self.node = node
    self.cores = cores
    self.quota = quota
  }

  /// The cores of this process with its present binding.
  public static func current() -> AvailableCores {
    AvailableCores(systemAt: "/", group: ControlGroup(systemAt: "/"))
  }

  /// The cores that the system files below `root` describe, within the limits of `group`.
  ///
  /// If files are missing: no cores, one CPU per core, no limit, and the host name as the node's
  /// name.
  package init(systemAt root: String, group: ControlGroup) {
    func text(_ path: String) -> String? {
      try? String(contentsOfFile: root + path, encoding: .utf8)
    }
    node = text("proc/sys/kernel/random/boot_id") ?? ProcessInfo.processInfo.hostName
    let allowed = text("proc/self/status")?.firstMatch(of: /Cpus_allowed_list:\s*([\d,-]+)/)
    let first = Self.numbers(in: allowed?.output.1 ?? "").map { cpu in
      text("sys/devices/system/cpu/cpu\(cpu)/topology/core_cpus_list")
        .flatMap { Self.numbers(in: $0[...]).min() } ?? cpu
    }
    cores = Set(first).sorted()
    quota = group.cores
  }

  /// The CPUs of a list such as "0-3,8".
  private static func numbers(in list: Substring) -> [Int] {
    list.split(whereSeparator: { $0 == "," || $0.isWhitespace }).flatMap { part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
      return Array(first...last)
    }
  }

  /// Number of threads that suits rank `rank`, if the ranks may use the cores `ranks`; at least 1.
  ///
  /// The cores of the rank are divided by the number of ranks that may use any of them. The limit
  /// of a control group is divided by the number of ranks on the node.
  public static func threads(ofRank rank: Int, among ranks: [AvailableCores]) -> Int {
    let mine = ranks[rank]
    let localRanks = ranks.filter { $0.node == mine.node }
    let sharing = localRanks.count { !Set($0.cores).isDisjoint(with: mine.cores) }
    let granted = mine.quota.map { Int(min($0, 1e6)) / localRanks.count } ?? .max
    return max(1, min(mine.cores.count / max(sharing, 1), granted))
  }
}

extension AvailableCores {
  /// The cores of every rank, in rank order.
  ///
  /// Collective.
  public static func gather(over communicator: any Communicator) throws -> [AvailableCores] {
    let mine = try JSONEncoder().encode(current())
    return try communicator.allGather(Array(mine)).map {
      try JSONDecoder().decode(AvailableCores.self, from: Data($0))
    }
  }
}
