import Foundation

/// The cores of its machine that a process may use.
public struct AvailableCores: Codable, Equatable, Sendable {
  /// One name for all processes that share the machine's cores: that of its kernel's present start.
  public let machine: String
  /// Each core by the lowest of its logical CPUs, ascending: arithmetic gains nothing from a second
  /// thread on a core.
  public let cores: [Int]
  /// How many cores' time the control group grants; nil without a limit.
  public let quota: Double?

  public init(machine: String, cores: [Int], quota: Double? = nil) {
    self.machine = machine
    self.cores = cores
    self.quota = quota
  }

  /// Those of this process, as it is bound now.
  public static func current() -> AvailableCores { AvailableCores(systemAt: "/") }

  /// Those that a system whose files lie below `root` tells of.
  ///
  /// What it does not tell is taken for no cores, one CPU per core, no limit, and a machine named by its
  /// host name.
  package init(systemAt root: String) {
    func text(_ path: String) -> String? {
      try? String(contentsOfFile: root + path, encoding: .utf8)
    }
    machine = text("proc/sys/kernel/random/boot_id") ?? ProcessInfo.processInfo.hostName
    let allowed = text("proc/self/status")?.firstMatch(of: /Cpus_allowed_list:\s*([\d,-]+)/)
    let first = Self.numbers(in: allowed?.output.1 ?? "").map { cpu in
      text("sys/devices/system/cpu/cpu\(cpu)/topology/core_cpus_list")
        .flatMap { Self.numbers(in: $0[...]).min() } ?? cpu
    }
    cores = Set(first).sorted()
    // As in "200000 100000", microseconds in each period, or "max 100000".
    let limit = text("sys/fs/cgroup/cpu.max")?.firstMatch(of: /^(\d+) (\d+)/)
    if let limit, let granted = Double(limit.output.1), let period = Double(limit.output.2),
      period > 0
    {
      quota = granted / period
    } else {
      quota = nil
    }
  }

  /// The CPUs of a list such as "0-3,8".
  private static func numbers(in list: Substring) -> [Int] {
    list.split(whereSeparator: { $0 == "," || $0.isWhitespace }).flatMap { part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
      return Array(first...last)
    }
  }

  /// How many threads suit rank `rank` of ranks that may use `ranks`: the rank's cores divided by the
  /// number of ranks that may use any of them too; at least 1.
  ///
  /// A control group's limit is divided by the ranks of the machine.
  public static func threads(ofRank rank: Int, among ranks: [AvailableCores]) -> Int {
    let own = ranks[rank]
    let localRanks = ranks.filter { $0.machine == own.machine }
    let sharing = localRanks.count { !Set($0.cores).isDisjoint(with: own.cores) }
    let granted = own.quota.map { Int(min($0, 1e6)) / localRanks.count } ?? .max
    return max(1, min(own.cores.count / max(sharing, 1), granted))
  }
}

extension AvailableCores {
  /// Those of every rank, in rank order.
  ///
  /// Collective.
  public static func gather(over communicator: any Communicator) throws -> [AvailableCores] {
    let own = try JSONEncoder().encode(current())
    return try communicator.allGather(Array(own)).map {
      try JSONDecoder().decode(AvailableCores.self, from: Data($0))
    }
  }
}
