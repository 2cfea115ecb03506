import Doctor
import MessagePassing
import Testing

/// A healthy job of two ranks on one node of four cores, and what each planted fault makes of it.
@Suite struct PlantedFaultTests {
  private static func healthy(_ rank: Int) -> RankFacts {
    var facts = RankFacts()
    facts.rank = rank
    facts.host = "a"
    facts.version = "1.0.0"
    facts.library = "Open MPI v4.1.4, package: Debian"
    facts.builtWith = "Open MPI 4.1.4"
    facts.cores = AvailableCores(node: "a", cores: [2 * rank, 2 * rank + 1])
    facts.threads = 2
    facts.blasCore = "SkylakeX"
    facts.vectorUnits = "avx512"
    facts.hugePages = "madvise"
    facts.sharedMemory = FileSystemSpace(freeBytes: 1 << 30, totalBytes: 1 << 30, freeFiles: nil)
    facts.staleSegments = []
    facts.availableMemory = 8 << 30
    facts.openFiles = 4096
    facts.processes = 10_000
    facts.interfaces = ["eth0"]
    facts.run = RunDirectoryFacts(
      path: "runs",
      space: FileSystemSpace(freeBytes: 1 << 40, totalBytes: 1 << 41, freeFiles: 1 << 20),
      writeBytesPerSecond: 1e9)
    facts.data = "0123456789abcdef"
    facts.measurements = Measurements(gemmRate: 90, barrierSeconds: 1e-5, allreduceRate: 1e9)
    return facts
  }

  /// A fault: what it changes, and words of the verdict and the remedy of the check that finds it.
  struct Fault: Sendable, CustomTestStringConvertible {
    let check: String
    let words: String
    let remedy: String
    let plant: @Sendable (inout [RankFacts]) -> Void
    var testDescription: String { "\(check): \(words)" }
  }

  static let faults: [Fault] = [
    Fault(check: "mpi-library", words: "MPICH 4.0.2 is loaded", remedy: "MPI_PKG_CONFIG") {
      for rank in $0.indices { $0[rank].library = "MPICH 4.0.2" }
    },
    Fault(check: "mpi-library", words: "v4.0.0", remedy: "rebuild") {
      for rank in $0.indices { $0[rank].library = "Open MPI v4.0.0" }
    },
    Fault(check: "mpi-library-of-ranks", words: "v4.1.5 on rank 1", remedy: "one version") {
      $0[1].library = "Open MPI v4.1.5"
    },
    Fault(check: "program-of-ranks", words: "0.9.0", remedy: "launch/package") {
      $0[1].version = "0.9.0"
    },
    Fault(check: "launcher", words: "OMPI_COMM_WORLD_SIZE=2", remedy: "launcher") {
      $0.removeLast()
      $0[0].environment = ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"]
    },
    Fault(check: "thread-level", words: "rank 1 allows", remedy: "thread-multiple") {
      $0[1].allowsThreads = false
    },
    Fault(check: "root", words: "mpirun starts nothing", remedy: "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
    {
      $0[0].isRoot = true
    },
    Fault(check: "oversubscription", words: "2 ranks on 1 cores", remedy: "mpi_yield_when_idle 1") {
      for rank in $0.indices { $0[rank].cores = AvailableCores(node: "a", cores: [0]) }
    },
    Fault(check: "slurm-cores", words: "asks for 4 cores", remedy: "export SRUN_CPUS_PER_TASK") {
      $0[0].environment["SLURM_CPUS_PER_TASK"] = "4"
    },
    Fault(check: "binding", words: "same core 1", remedy: "--bind-to none") {
      $0[1].cores = AvailableCores(node: "a", cores: [1, 2])
    },
    Fault(check: "threads", words: "1000 threads of rank 0 share 2 cores", remedy: "--threads 2") {
      $0[0].threads = 1000
    },
    Fault(check: "control-group", words: "time of 1.5 cores", remedy: "--threads") { ranks in
      let root = try? SystemFiles(["sys/fs/cgroup/cpu.max": "150000 100000"])
      for rank in ranks.indices {
        ranks[rank].group = root.map { ControlGroup(systemAt: $0.path + "/") }
      }
    },
    Fault(check: "blas-core", words: "Prescott", remedy: "OPENBLAS_CORETYPE=SkylakeX") {
      for rank in $0.indices { $0[rank].blasCore = "Prescott" }
      $0[0].blasAdvice = "SkylakeX"
    },
    Fault(check: "blas-core", words: "Zen on a", remedy: "on all nodes") { $0[1].blasCore = "Zen" },
    Fault(check: "matrix-product", words: "12 GFLOP/s of one thread on rank 1", remedy: "top") {
      $0[1].measurements?.gemmRate = 12
    },
    Fault(check: "vector-units", words: "avx2 on a", remedy: "--constraint") {
      $0[1].vectorUnits = "avx2"
    },
    Fault(check: "governor", words: "low clock rate", remedy: "performance") {
      $0[1].governor = "powersave"
    },
    Fault(check: "memory", words: "100 MiB of memory", remedy: "--batch-size") {
      $0[0].availableMemory = 100 << 20
    },
    Fault(check: "huge-pages", words: "off", remedy: "madvise") { $0[1].hugePages = "never" },
    Fault(check: "single-copy", words: "user namespaces", remedy: "mechanism=none") {
      $0[0].userNamespace = "user:[1]"
      $0[1].userNamespace = "user:[2]"
    },
    Fault(check: "single-copy", words: "ptrace_scope is 1", remedy: "mechanism=none") {
      for rank in $0.indices { $0[rank].ptraceScope = 1 }
    },
    Fault(check: "shared-memory", words: "64 KiB free of 64", remedy: "--shm-size") {
      $0[0].sharedMemory = FileSystemSpace(
        freeBytes: 64 << 10, totalBytes: 64 << 10, freeFiles: nil)
    },
    Fault(check: "stale-segments", words: "1 segments", remedy: "rm /dev/shm/vader_segment.a") {
      $0[1].staleSegments = ["vader_segment.a"]
    },
    Fault(check: "ulimit-v", words: "rank 1 may map 600 MiB", remedy: "ulimit -v unlimited") {
      $0[1].addressSpace = 600 << 20
    },
    Fault(check: "ulimit-n", words: "64 files", remedy: "ulimit -n") { $0[1].openFiles = 64 },
    Fault(check: "ulimit-u", words: "20 threads", remedy: "ulimit -u") { $0[0].processes = 20 },
    Fault(check: "temporary-directory", words: "80 bytes", remedy: "TMPDIR=/tmp") {
      $0[0].temporaryDirectory = String(repeating: "x", count: 80)
    },
    Fault(check: "temporary-directory", words: "cannot be written", remedy: "TMPDIR=/tmp") {
      $0[1].isTemporaryDirectoryWritable = false
    },
    Fault(check: "interfaces", words: "docker0 of b", remedy: "if_exclude=lo,docker0") {
      $0[1].host = "b"
      $0[1].cores = AvailableCores(node: "b", cores: [0, 1])
      $0[1].interfaces = ["docker0", "eth0"]
    },
    Fault(check: "barrier", words: "54000 µs", remedy: "oversubscription") {
      $0[0].measurements?.barrierSeconds = 0.054
    },
    Fault(check: "bandwidth", words: "1 MB/s", remedy: "btl_tcp_if_include") {
      $0[0].measurements?.allreduceRate = 1e6
    },
    Fault(check: "clock", words: "60 s behind", remedy: "ntp") { $0[1].clock = -60 },
    Fault(check: "environment", words: "OPENBLAS_NUM_THREADS=8", remedy: "unset") {
      $0[1].environment["OPENBLAS_NUM_THREADS"] = "8"
    },
    Fault(check: "environment", words: "both set", remedy: "unset OMPI_MCA_btl_tcp_if_exclude") {
      $0[0].environment["OMPI_MCA_btl_tcp_if_include"] = "eth0"
      $0[0].environment["OMPI_MCA_btl_tcp_if_exclude"] = "lo"
    },
    Fault(check: "debugger", words: "ptrace_scope 2", remedy: "sysctl") {
      $0[0].environment["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none"
      $0[1].ptraceScope = 2
    },
    Fault(check: "run-directory", words: "cannot be written", remedy: "--run elsewhere") {
      $0[0].run?.isWritable = false
    },
    Fault(check: "run-directory", words: "without locks", remedy: "flock") {
      $0[0].run?.canLock = false
    },
    Fault(check: "disk-space", words: "100 MiB free", remedy: "--keep-checkpoints") {
      $0[0].run?.space?.freeBytes = 100 << 20
    },
    Fault(check: "inodes", words: "7 more files", remedy: "df -i") {
      $0[0].run?.space?.freeFiles = 7
    },
    Fault(check: "write-speed", words: "2 MB/s", remedy: "--checkpoint-every") {
      $0[0].run?.writeBytesPerSecond = 2e6
    },
    Fault(check: "data", words: "other files", remedy: "rsync") { $0[1].data = "fedcba" },
  ]

  @Test("a healthy job has no problem")
  func healthyJob() {
    let examination = Examination(of: JobFacts([Self.healthy(0), Self.healthy(1)]))
    #expect(examination.problems.isEmpty, "\(examination.text)")
    #expect(!examination.hasFailure)
  }

  @Test("each planted fault is named by its check alone, with the remedy", arguments: faults)
  func planted(fault: Fault) throws {
    var ranks = [Self.healthy(0), Self.healthy(1)]
    fault.plant(&ranks)
    let examination = Examination(of: JobFacts(ranks))
    let answer = try #require(examination.problems.first { $0.id == fault.check }, "not found")
    #expect(answer.verdict.text.contains(fault.words), "\(answer)")
    #expect(answer.verdict.remedy?.contains(fault.remedy) == true, "\(answer)")
    let others = examination.problems.filter { $0.id != fault.check }
    // Crowded cores are a question of threads as well, another library one of all ranks.
    let companions: Set = ["threads", "mpi-library-of-ranks", "blas-core"]
    #expect(others.allSatisfy { companions.contains($0.id) }, "\(others)")
  }

  @Test("ranks of MPICH that outnumber their cores yield")
  func crowdedMPICH() throws {
    var ranks = [Self.healthy(0), Self.healthy(1)]
    for rank in ranks.indices {
      ranks[rank].cores = AvailableCores(node: "a", cores: [0])
      ranks[rank].library = "MPICH Version: 4.0.2"
      ranks[rank].builtWith = "MPICH 4.0.2"
    }
    let examination = Examination(of: JobFacts(ranks))
    #expect(!examination.problems.contains { $0.id == "oversubscription" }, "\(examination.text)")
  }

  @Test("every check has a fault that it finds, and an identifier of its own")
  func complete() {
    let identifiers = Examination.checks.map(\.id)
    #expect(Set(identifiers).count == identifiers.count)
    #expect(Set(Self.faults.map(\.check)) == Set(identifiers))
  }

  @Test("the text has a line for each check and each remedy")
  func text() {
    var ranks = [Self.healthy(0), Self.healthy(1)]
    ranks[1].hugePages = "never"
    let lines = Examination(of: JobFacts(ranks)).text.split(separator: "\n")
    #expect(lines.count == Examination.checks.count + 2)
    #expect(lines.contains { $0.hasPrefix("warning huge-pages ") })
    #expect(lines.last == "\(Examination.checks.count) checks: 0 failures, 1 warnings")
  }
}
