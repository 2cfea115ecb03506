/// Whether the kernel can give huge pages to the plan, which saves page faults.
struct HugePagesCheck: Check {
  let id = "huge-pages"

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { $0.hugePages == "never" }) else {
      return .fine(job.root.hugePages ?? "not known to this kernel")
    }
    return .warning(
      "transparent huge pages are off on \(rank.host)",
      remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled (as root)")
  }
}

/// Whether ranks of a node can copy from one another's memory.
struct SingleCopyCheck: Check {
  let id = "single-copy"

  func verdict(on job: JobFacts) -> Verdict {
    guard let ranks = job.node(where: { $0.count > 1 && $0[0].library.contains("Open MPI") }) else {
      return .skipped("no node with several ranks of Open MPI")
    }
    let isOff = ranks[0].environment["OMPI_MCA_btl_vader_single_copy_mechanism"] == "none"
    let namespaces = Set(ranks.compactMap(\.userNamespace))
    let reason =
      namespaces.count > 1
      ? "ranks of \(ranks[0].host) are in user namespaces of their own"
      : ranks.contains { ($0.ptraceScope ?? 0) > 0 && !$0.isRoot }
        ? "ptrace_scope is \(ranks[0].ptraceScope ?? 1) on \(ranks[0].host)" : nil
    guard let reason, !isOff else { return .fine(isOff ? "turned off" : "by the kernel (CMA)") }
    return .warning(
      "\(reason), so that Open MPI cannot copy directly and prints errors of CMA",
      remedy: "export OMPI_MCA_btl_vader_single_copy_mechanism=none")
  }
}

/// Whether /dev/shm has room for what ranks of a node share.
struct SharedMemoryCheck: Check {
  let id = "shared-memory"
  /// Open MPI takes 4 MiB for each rank.
  static let bytesPerRank = 4 << 20

  func verdict(on job: JobFacts) -> Verdict {
    for ranks in job.nodes {
      guard let space = ranks[0].sharedMemory else {
        return .failure(
          "no /dev/shm on \(ranks[0].host)", remedy: "mount -t tmpfs tmpfs /dev/shm (as root)")
      }
      let needed = Self.bytesPerRank * ranks.count
      guard space.freeBytes < needed else { continue }
      return .failure(
        "/dev/shm of \(ranks[0].host) has \(space.freeBytes >> 10) KiB free of "
          + "\(space.totalBytes >> 10), and \(ranks.count) ranks need \(needed >> 10)",
        remedy: space.totalBytes < needed
          ? "docker --shm-size 1g, or mount -o remount,size=1g /dev/shm (as root)"
          : "remove what killed jobs have left there: rm /dev/shm/vader_segment.*")
    }
    return .fine("\((job.root.sharedMemory?.freeBytes ?? 0) >> 20) MiB free")
  }
}

/// Whether killed jobs have left segments in /dev/shm.
struct StaleSegmentsCheck: Check {
  let id = "stale-segments"
  var isInstant: Bool { false }

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { !($0.staleSegments ?? []).isEmpty }),
      let segments = rank.staleSegments
    else { return .fine("none in /dev/shm") }
    return .warning(
      "\(segments.count) segments in /dev/shm of \(rank.host), which no process uses",
      remedy: "rm " + segments.prefix(3).map { "/dev/shm/\($0)" }.joined(separator: " ")
        + (segments.count > 3 ? " …" : ""))
  }
}

/// Whether there is memory for a small plan at least.
struct MemoryCheck: Check {
  let id = "memory"
  /// The plan of resnet18-lcnn at 16 samples per rank, with libraries.
  static let bytesPerRank = 256 << 20

  func verdict(on job: JobFacts) -> Verdict {
    for ranks in job.nodes {
      let limits = [ranks[0].availableMemory, ranks[0].group?.memoryBytes].compactMap { $0 }
      guard let least = limits.min(), least < Self.bytesPerRank * ranks.count else { continue }
      return .warning(
        "\(least >> 20) MiB of memory for \(ranks.count) ranks of \(ranks[0].host)",
        remedy:
          "fewer ranks, a smaller --batch-size, or more memory (sbatch --mem, docker --memory)")
    }
    return .fine("\((job.root.availableMemory ?? 0) >> 20) MiB available")
  }
}

/// Whether limits of the shell leave room for address space.
struct AddressSpaceCheck: Check {
  let id = "ulimit-v"

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { ($0.addressSpace ?? .max) < 2 << 30 }) else {
      return .fine("address space is enough")
    }
    return .warning(
      "rank \(rank.rank) may map \((rank.addressSpace ?? 0) >> 20) MiB only, libraries included",
      remedy: "ulimit -v unlimited")
  }
}
