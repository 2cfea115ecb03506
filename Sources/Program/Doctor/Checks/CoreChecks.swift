import MessagePassing

/// Whether ranks that are bound to cores are bound to cores of their own.
struct BindingCheck: Check {
  let id = "binding"

  func verdict(on job: JobFacts) -> Verdict {
    for ranks in job.nodes {
      let all = Set(ranks.flatMap(\.cores.cores))
      for (index, a) in ranks.enumerated() where a.cores.cores.count < all.count {
        for b in ranks[(index + 1)...] where b.cores.cores.count < all.count {
          let shared = Set(a.cores.cores).intersection(b.cores.cores)
          guard !shared.isEmpty else { continue }
          return .warning(
            "ranks \(a.rank) and \(b.rank) of \(a.host) are bound to the same core "
              + "\(shared.min() ?? 0)",
            remedy: "mpirun --bind-to none, or --map-by slot:PE=\(max(1, a.threads))")
        }
      }
    }
    let counts = Set(job.ranks.map(\.cores.cores.count)).sorted().map(String.init)
    return .fine("\(counts.joined(separator: " or ")) cores for each rank")
  }
}

/// Whether each rank has as many cores as threads.
struct ThreadsCheck: Check {
  let id = "threads"

  func verdict(on job: JobFacts) -> Verdict {
    if let rank = job.ranks.first(where: { $0.threads > max($0.cores.cores.count, 1) }) {
      let cores = rank.cores.cores.count
      let isBound =
        cores < (job.nodes.first { $0.contains(rank) }?.flatMap(\.cores.cores)).map {
          Set($0).count
        } ?? 0
      return .warning(
        "\(rank.threads) threads of rank \(rank.rank) share \(cores) core\(cores == 1 ? "" : "s")",
        remedy: isBound
          ? "--bind-to none or --map-by slot:PE=\(rank.threads) gives a rank more cores, --threads "
            + "\(max(cores, 1)) takes as many as it has"
          : "--threads \(max(cores, 1))")
    }
    let crowded = job.node { ranks in
      ranks.map(\.threads).reduce(0, +) > Set(ranks.flatMap(\.cores.cores)).count
        && ranks.contains { $0.threads > 1 }
    }
    guard let crowded else {
      return .fine(
        "threads: \(job.ranks.map(\.threads).reduce(0, +)), ranks: \(job.ranks.count)")
    }
    let threads = crowded.map(\.threads).reduce(0, +)
    let cores = Set(crowded.flatMap(\.cores.cores)).count
    return .warning(
      "\(threads) threads of \(crowded.count) ranks share \(cores) cores of \(crowded[0].host)",
      remedy: "--threads \(max(1, cores / crowded.count))")
  }
}

/// Whether control groups grant the time of as many cores as there are threads.
struct ControlGroupCheck: Check {
  let id = "control-group"

  func verdict(on job: JobFacts) -> Verdict {
    for ranks in job.nodes {
      guard let granted = ranks[0].group?.cores else { continue }
      let threads = ranks.map(\.threads).reduce(0, +)
      guard Double(threads) > granted.rounded(.up) else { continue }
      return .warning(
        "a control group grants the time of \(granted) cores on \(ranks[0].host) to \(threads) threads",
        remedy: "fewer ranks or --threads, or a larger limit of the container (docker --cpus)")
    }
    return .fine(
      job.root.group?.cores.map { "the time of \($0) cores" } ?? "no limit of processor time")
  }
}

/// Whether OpenBLAS uses kernels that suit the CPU.
struct BLASCoreCheck: Check {
  let id = "blas-core"
  /// Every start names the kernels in its log, and refuses ranks with unlike ones.
  var isInstant: Bool { false }

  func verdict(on job: JobFacts) -> Verdict {
    if let (a, b) = job.difference(\.blasCore) {
      return .failure(
        "OpenBLAS uses \(a.blasCore) on \(a.host), but \(b.blasCore) on \(b.host)",
        remedy: "export OPENBLAS_CORETYPE=Haswell on all nodes")
    }
    let slow = ["Prescott", "Core2", "Nehalem", "Generic", "Banias", "Atom"]
    if let advice = job.root.blasAdvice {
      return .warning(
        "OpenBLAS uses \(job.root.blasCore), slow on this CPU",
        remedy: "export OPENBLAS_CORETYPE=\(advice)")
    }
    let isSet = job.root.environment["OPENBLAS_CORETYPE"] != nil
    if isSet, slow.contains(job.root.blasCore), job.root.vectorUnits != "portable" {
      return .warning(
        "OPENBLAS_CORETYPE selects \(job.root.blasCore), slow on this CPU",
        remedy: "unset OPENBLAS_CORETYPE")
    }
    return .fine(job.root.blasCore)
  }
}

/// Whether a matrix product is as fast as the vector units allow.
struct MatrixProductCheck: Check {
  let id = "matrix-product"
  var isInstant: Bool { false }

  /// 10⁹ operations per second that every CPU of the kind reaches on a core of its own: about a
  /// quarter of two fused multiply-adds per cycle at 2 GHz.
  static let expected = ["amx": 30.0, "avx512": 30, "avx2": 15, "portable": 2]

  func verdict(on job: JobFacts) -> Verdict {
    let slowest = job.ranks.compactMap { rank in rank.measurements.map { (rank, $0.gemmRate) } }
      .min { $0.1 < $1.1 }
    guard let (rank, rate) = slowest else { return .skipped("not measured") }
    let what = "\(Int(rate)) GFLOP/s of one thread on rank \(rank.rank)"
    let least = Self.expected[rank.vectorUnits] ?? 2
    return rate >= least
      ? .fine(what)
      : .warning(
        "\(what), expected at least \(Int(least)) with \(rank.vectorUnits)",
        remedy: "look for other jobs on \(rank.host) (top), and see blas-core and governor")
  }
}

/// Whether all ranks have the same vector units.
struct VectorUnitsCheck: Check {
  let id = "vector-units"

  func verdict(on job: JobFacts) -> Verdict {
    guard let (a, b) = job.difference(\.vectorUnits) else { return .fine(job.root.vectorUnits) }
    return .warning(
      "\(a.vectorUnits) on \(a.host), but \(b.vectorUnits) on \(b.host): all ranks use the lesser",
      remedy: "ask for nodes of one kind (sbatch --constraint)")
  }
}

/// Whether the clock rate is held down to save energy.
struct GovernorCheck: Check {
  let id = "governor"

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { $0.governor == "powersave" }) else {
      return .fine(job.root.governor ?? "the hypervisor's or the firmware's")
    }
    return .warning(
      "\(rank.host) runs at a low clock rate to save energy",
      remedy: "cpupower frequency-set --governor performance (as root)")
  }
}
