/// Whether Open MPI may take a network that leads nowhere.
struct InterfacesCheck: Check {
  let id = "interfaces"
  static let local = ["docker", "virbr", "podman", "cni", "lxcbr", "br-"]

  func verdict(on job: JobFacts) -> Verdict {
    guard job.nodes.count > 1 else { return .skipped("one node") }
    let limits = ["btl_tcp_if_include", "btl_tcp_if_exclude"].map { "OMPI_MCA_\($0)" }
    for rank in job.ranks where limits.allSatisfy({ rank.environment[$0] == nil }) {
      let found = rank.interfaces.filter { name in Self.local.contains { name.hasPrefix($0) } }
      guard let first = found.first else { continue }
      let list = (["lo"] + found).joined(separator: ",")
      return .warning(
        "\(first) of \(rank.host) does not lead to other nodes, and Open MPI may take it",
        remedy: "export OMPI_MCA_btl_tcp_if_exclude=\(list) OMPI_MCA_oob_tcp_if_exclude=\(list)")
    }
    return .fine(job.root.interfaces.joined(separator: ", "))
  }
}

/// Whether all ranks answer, and soon.
struct BarrierCheck: Check {
  let id = "barrier"
  var isInstant: Bool { false }
  static let longest = 0.01

  func verdict(on job: JobFacts) -> Verdict {
    guard let seconds = job.root.measurements?.barrierSeconds, job.ranks.count > 1 else {
      return .skipped("one rank")
    }
    let what = "\(Int((seconds * 1e6).rounded())) µs for a barrier of \(job.ranks.count) ranks"
    return seconds <= Self.longest
      ? .fine(what)
      : .warning(what, remedy: "see oversubscription, interfaces and binding")
  }
}

/// Whether ranks exchange gradients at a usable speed.
struct BandwidthCheck: Check {
  let id = "bandwidth"
  var isInstant: Bool { false }
  /// Bytes per second: a tenth of a gigabit, which Open MPI falls to on a wrong network.
  static let least = 12.5e6

  func verdict(on job: JobFacts) -> Verdict {
    guard let rate = job.root.measurements?.allreduceRate, job.ranks.count > 1 else {
      return .skipped("one rank")
    }
    let what = "\(Int(rate / 1e6)) MB/s in an allreduce of 4 MiB over \(job.ranks.count) ranks"
    return rate >= Self.least
      ? .fine(what)
      : .warning(what, remedy: "choose the fast network: --mca btl_tcp_if_include NAME")
  }
}

/// Whether the clocks of nodes agree, which logs and file times rely on.
struct ClockCheck: Check {
  let id = "clock"
  static let most = 2.0

  func verdict(on job: JobFacts) -> Verdict {
    let clocks = job.ranks.map(\.clock)
    let spread = (clocks.max() ?? 0) - (clocks.min() ?? 0)
    guard spread > Self.most, let late = job.ranks.min(by: { $0.clock < $1.clock }) else {
      return .fine("within \(Int((spread * 1000).rounded(.up))) ms of one another")
    }
    return .warning(
      "the clock of \(late.host) is \(Int(spread)) s behind", remedy: "timedatectl set-ntp true")
  }
}

/// Whether variables of the environment fight with the program or one another.
struct EnvironmentCheck: Check {
  let id = "environment"

  func verdict(on job: JobFacts) -> Verdict {
    for rank in job.ranks {
      let set = rank.environment
      if set["OMPI_MCA_btl_tcp_if_include"] != nil, set["OMPI_MCA_btl_tcp_if_exclude"] != nil {
        return .failure(
          "OMPI_MCA_btl_tcp_if_include and …_exclude are both set: Open MPI refuses",
          remedy: "unset OMPI_MCA_btl_tcp_if_exclude")
      }
      if let name = ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"].first(where: {
        Int(set[$0] ?? "1") ?? 1 > 1
      }) {
        return .warning(
          "\(name)=\(set[name] ?? "") has no effect: the program divides the work itself",
          remedy: "unset \(name), and use --threads")
      }
      if let threads = Int(set["OMP_NUM_THREADS"] ?? ""), threads > rank.threads {
        return .warning(
          "OMP_NUM_THREADS=\(threads) has no effect, rank \(rank.rank) has \(rank.threads) threads",
          remedy: "--threads \(threads)")
      }
      if let preloaded = set["LD_PRELOAD"], !preloaded.isEmpty {
        return .warning(
          "LD_PRELOAD=\(preloaded) puts a library before MPI's and OpenBLAS's",
          remedy: "unset LD_PRELOAD")
      }
    }
    return .fine("no variables that fight")
  }
}

/// Whether a debugger may attach to a rank.
struct DebuggerCheck: Check {
  let id = "debugger"

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { ($0.ptraceScope ?? 0) > 1 && !$0.isRoot }) else {
      return .fine("may attach")
    }
    return .warning(
      "only root may attach a debugger on \(rank.host) (ptrace_scope \(rank.ptraceScope ?? 2))",
      remedy: "sysctl kernel.yama.ptrace_scope=1 (as root)")
  }
}
