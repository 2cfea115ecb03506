/// Whether each rank may open enough files.
struct OpenFilesCheck: Check {
  let id = "ulimit-n"
  /// A singleton of Open MPI opens about 700.
  static let least = 1024

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { ($0.openFiles ?? .max) < Self.least }) else {
      return .fine(job.root.openFiles.map { "\($0) files" } ?? "no limit")
    }
    return .warning(
      "rank \(rank.rank) may open \(rank.openFiles ?? 0) files only", remedy: "ulimit -n 4096")
  }
}

/// Whether each rank may start its threads.
struct ProcessesCheck: Check {
  let id = "ulimit-u"

  func verdict(on job: JobFacts) -> Verdict {
    for ranks in job.nodes {
      // The limit counts all threads of the user, also those of other programs.
      let needed = 100 + ranks.map { $0.threads + 8 }.reduce(0, +)
      guard let limit = ranks[0].processes, limit < needed else { continue }
      return .warning(
        "a user may have \(limit) threads on \(ranks[0].host), about \(needed) are needed",
        remedy: "ulimit -u \(2 * needed), or fewer --threads")
    }
    return .fine("enough threads")
  }
}

/// Whether MPI can put its sockets where temporary files go.
struct TemporaryDirectoryCheck: Check {
  let id = "temporary-directory"
  /// A socket's path has at most 107 bytes (unix(7)), of which Open MPI's own part takes up to 40.
  static let longest = 64

  func verdict(on job: JobFacts) -> Verdict {
    if let rank = job.ranks.first(where: { !$0.isTemporaryDirectoryWritable }) {
      return .failure(
        "\(rank.temporaryDirectory) cannot be written on \(rank.host)", remedy: "export TMPDIR=/tmp"
      )
    }
    if let rank = job.ranks.first(where: { $0.temporaryDirectory.utf8.count > Self.longest }) {
      return .warning(
        "TMPDIR is \(rank.temporaryDirectory.utf8.count) bytes long, and Open MPI's sockets below it "
          + "may not fit into 107",
        remedy: "export TMPDIR=/tmp")
    }
    return .fine(job.root.temporaryDirectory)
  }
}

/// Whether the run's directory has room.
struct DiskSpaceCheck: Check {
  let id = "disk-space"
  static let least = 1 << 30

  func verdict(on job: JobFacts) -> Verdict {
    guard let run = job.root.run, let space = run.space else { return .skipped("no --run") }
    return space.freeBytes >= Self.least
      ? .fine("\(space.freeBytes >> 30) GiB free in \(run.path)")
      : .warning(
        "\(space.freeBytes >> 20) MiB free in \(run.path), where checkpoints go",
        remedy: "--run on another disk, or --keep-checkpoints 1")
  }
}

/// Whether the run's file system can have more files.
struct FileNumbersCheck: Check {
  let id = "inodes"

  func verdict(on job: JobFacts) -> Verdict {
    guard let run = job.root.run, let space = run.space else { return .skipped("no --run") }
    guard let free = space.freeFiles, free < 1000 else {
      return .fine(space.freeFiles.map { "\($0) more files" } ?? "no limit of files")
    }
    return .warning("\(free) more files fit into \(run.path)", remedy: "remove files there (df -i)")
  }
}

/// Whether rank 0 can write, and lock, what it writes.
struct RunDirectoryCheck: Check {
  let id = "run-directory"

  func verdict(on job: JobFacts) -> Verdict {
    guard let run = job.root.run else { return .skipped("no --run") }
    guard run.isWritable else {
      return .failure(
        "\(run.path) cannot be written by rank 0 (\(job.root.host))", remedy: "--run elsewhere")
    }
    return run.canLock
      ? .fine("\(run.path) can be written and locked")
      : .warning(
        "\(run.path) is on a file system without locks: two jobs could train one run",
        remedy: "mount it with locks (NFS: without nolock; Lustre: flock)")
  }
}

/// Whether checkpoints are written at a usable speed.
struct WriteSpeedCheck: Check {
  let id = "write-speed"
  var isInstant: Bool { false }
  static let least = 10e6

  func verdict(on job: JobFacts) -> Verdict {
    guard let run = job.root.run, let rate = run.writeBytesPerSecond else {
      return .skipped("no --run")
    }
    let what = "\(Int(rate / 1e6)) MB/s into \(run.path), synced"
    return rate >= Self.least
      ? .fine(what) : .warning(what, remedy: "--run on a faster disk, or --checkpoint-every 10")
  }
}

/// Whether all ranks see the same data files.
struct DataCheck: Check {
  let id = "data"
  var isInstant: Bool { false }

  func verdict(on job: JobFacts) -> Verdict {
    guard let data = job.root.data else { return .skipped("no --data") }
    guard let (a, b) = job.difference(\.data) else {
      return .fine("the same names and sizes on all ranks (\(data.prefix(12)))")
    }
    return .failure(
      "ranks \(a.rank) (\(a.host)) and \(b.rank) (\(b.host)) see other files in the folder of --data",
      remedy: "rsync -a the folder from \(a.host) to all nodes")
  }
}
