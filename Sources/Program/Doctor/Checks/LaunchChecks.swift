import MessagePassing

/// Whether the MPI library is the one that the program was built with.
struct MPILibraryCheck: Check {
  let id = "mpi-library"

  func verdict(on job: JobFacts) -> Verdict {
    let (library, built) = (job.root.library, job.root.builtWith)
    let family = built.hasPrefix("MPICH") ? "MPICH" : "Open MPI"
    guard library.contains(family) else {
      return .failure(
        "built with \(built), but \(library) is loaded",
        remedy: "rebuild with MPI_PKG_CONFIG, or unset LD_LIBRARY_PATH and LD_PRELOAD")
    }
    let version = built.split(separator: " ").last.map(String.init) ?? ""
    let release = version.split(separator: ".").prefix(2).joined(separator: ".")
    return library.contains(release)
      ? .fine(library)
      : .warning(
        "built with \(built), but \(library) is loaded",
        remedy: "rebuild on this machine: swift build -c release")
  }
}

/// Whether all ranks use one MPI library, of one version.
struct SameLibraryCheck: Check {
  let id = "mpi-library-of-ranks"

  func verdict(on job: JobFacts) -> Verdict {
    guard let (a, b) = job.difference(\.library) else { return .fine("the same on all ranks") }
    return .failure(
      "\(a.library) on rank \(a.rank) (\(a.host)), but \(b.library) on rank \(b.rank) (\(b.host))",
      remedy: "install one version on all nodes, or load the same module on each")
  }
}

/// Whether all ranks run one version of the program.
struct SameProgramCheck: Check {
  let id = "program-of-ranks"

  func verdict(on job: JobFacts) -> Verdict {
    guard let (a, b) = job.difference(\.version) else {
      return .fine("version \(job.root.version)")
    }
    return .failure(
      "version \(a.version) on \(a.host), but \(b.version) on \(b.host)",
      remedy: "copy one build to all nodes: launch/package makes one that needs no Swift")
  }
}

/// Whether the launcher and MPI count the same ranks.
struct LauncherCheck: Check {
  let id = "launcher"

  func verdict(on job: JobFacts) -> Verdict {
    do throws(LaunchError) {
      try LaunchEnvironment.check(environment: job.root.environment, size: job.ranks.count)
      return .fine("ranks: \(job.ranks.count), nodes: \(job.nodes.count)")
    } catch {
      return .failure("\(error)", remedy: "start it by the launcher that the message names")
    }
  }
}

/// Whether MPI lets a thread move data while another computes.
struct ThreadLevelCheck: Check {
  let id = "thread-level"

  func verdict(on job: JobFacts) -> Verdict {
    guard let rank = job.ranks.first(where: { !$0.allowsThreads }) else {
      return .fine("calls from any thread, one at a time")
    }
    return .warning(
      "MPI of rank \(rank.rank) allows calls from its first thread only, so nothing overlaps",
      remedy: "use an MPI built with --enable-mpi-thread-multiple")
  }
}

/// Whether mpirun will start ranks of root.
struct RootCheck: Check {
  let id = "root"
  /// Ranks that run have been started.
  var isInstant: Bool { false }

  func verdict(on job: JobFacts) -> Verdict {
    guard job.root.isRoot else { return .fine("not root") }
    if job.root.library.hasPrefix("MPICH") { return .fine("root, whom MPICH's mpirun allows") }
    let variables = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"]
    if variables.allSatisfy({ job.root.environment[$0] == "1" }) {
      return .fine("root, which mpirun has been told to allow")
    }
    return .warning(
      "root, for whom Open MPI's mpirun starts nothing",
      remedy: "export " + variables.map { "\($0)=1" }.joined(separator: " "))
  }
}

/// Whether ranks that outnumber their cores let one another run while they wait.
struct OversubscriptionCheck: Check {
  let id = "oversubscription"

  func verdict(on job: JobFacts) -> Verdict {
    let crowded = job.node { ranks in
      ranks.count > Set(ranks.flatMap(\.cores.cores)).count
    }
    guard let crowded else { return .fine("no node has more ranks than cores") }
    let cores = Set(crowded.flatMap(\.cores.cores)).count
    let what = "\(crowded.count) ranks on \(cores) cores of \(crowded[0].host)"
    let yields = ["OMPI_MCA_mpi_yield_when_idle", "OMPI_MCA_mpi_oversubscribe"].contains {
      ["1", "true"].contains(crowded[0].environment[$0] ?? "")
    }
    // Open MPI itself lets ranks yield where it knows of it; a launcher's variable tells. With another
    // MPI, the program's ranks yield themselves.
    if yields || !crowded[0].library.contains("Open MPI") { return .fine("\(what), which yield") }
    return .warning(
      "\(what), which may spin while they wait: 54 ms for a sum instead of 0.1",
      remedy: "mpirun --oversubscribe, or --mca mpi_yield_when_idle 1")
  }
}

/// Whether srun passes the cores of a task on.
struct SlurmCoresCheck: Check {
  let id = "slurm-cores"

  func verdict(on job: JobFacts) -> Verdict {
    guard let asked = job.root.environment["SLURM_CPUS_PER_TASK"], let cores = Int(asked), cores > 1
    else { return .skipped("no Slurm job with several cores per task") }
    let given = job.root.cores.cores.count
    return given >= cores || job.root.environment["SRUN_CPUS_PER_TASK"] == asked
      ? .fine("\(given) cores for each task")
      : .warning(
        "the job asks for \(cores) cores per task, but a rank has \(given): since Slurm 22.05 srun does "
          + "not take the number from the job",
        remedy: "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK")
  }
}
