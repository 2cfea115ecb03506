import Foundation
import Kernels
import MessagePassing

/// Facts that one rank knows of its process and its node.
public struct RankFacts: Codable, Equatable, Sendable {
  public var rank = 0
  public var host = ""
  public var version = ""
  /// The MPI library in use, and the one whose headers the program was built with.
  public var library = ""
  public var builtWith = ""
  /// Whether MPI allows calls from several threads of a process.
  public var allowsThreads = true
  public var isRoot = false
  public var cores = AvailableCores(node: "", cores: [])
  public var group: ControlGroup?
  /// Computing threads of this rank.
  public var threads = 1
  /// Variables of launchers and libraries.
  public var environment: [String: String] = [:]
  public var blasCore = ""
  /// The core type that would suit the CPU better.
  public var blasAdvice: String?
  public var vectorUnits = ""
  /// The choice in brackets of the kernel's transparent huge pages.
  public var hugePages: String?
  public var ptraceScope: Int?
  public var userNamespace: String?
  public var sharedMemory: FileSystemSpace?
  /// Segments of other jobs that no process has mapped; read by ``readSlowFacts(of:)``.
  public var staleSegments: [String]?
  public var temporaryDirectory = "/tmp"
  public var isTemporaryDirectoryWritable = true
  public var interfaces: [String] = []
  public var availableMemory: Int?
  public var openFiles: Int?
  public var processes: Int?
  public var addressSpace: Int?
  public var governor: String?
  /// Seconds since 1970, taken right after a barrier.
  public var clock = 0.0
  public var run: RunDirectoryFacts?
  /// SHA-256 of the names and sizes of the data's files.
  public var data: String?
  public var measurements: Measurements?

  public init() {}

  /// Reads what takes a few milliseconds at most.
  public init(
    _ machine: Machine, rank: Int, host: String, library: String, builtWith: String,
    allowsThreads: Bool, version: String, threads: Int
  ) {
    self.rank = rank
    self.host = host
    self.version = version
    self.library = library
    self.builtWith = builtWith
    self.allowsThreads = allowsThreads
    self.threads = threads
    isRoot = machine.text("/proc/self/status")?.contains(/\nUid:\s+\d+\s+0\s/) ?? false
    let group = ControlGroup(systemAt: machine.root + "/")
    self.group = group
    cores = AvailableCores(systemAt: machine.root + "/", group: group)
    environment = machine.environment.filter { name, _ in
      Self.prefixes.contains { name.hasPrefix($0) }
    }
    blasCore = BLASCoreType.current
    blasAdvice = BLASCoreType.advice(
      core: blasCore, processor: .current, environment: machine.environment)
    vectorUnits = VectorUnits.detected.rawValue
    hugePages = machine.text("/sys/kernel/mm/transparent_hugepage/enabled")?
      .firstMatch(of: /\[(\w+)\]/).map { String($0.1) }
    ptraceScope = machine.text("/proc/sys/kernel/yama/ptrace_scope")
      .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    userNamespace = machine.link("/proc/self/ns/user")
    sharedMemory = machine.space("/dev/shm")
    temporaryDirectory = machine.environment["TMPDIR"] ?? "/tmp"
    isTemporaryDirectoryWritable = access(machine.root + temporaryDirectory, W_OK) == 0
    interfaces = machine.entries("/sys/class/net").filter {
      // A loopback has no state of its own.
      machine.text("/sys/class/net/\($0)/operstate")?.hasPrefix("up") ?? false
    }
    availableMemory = machine.numbers(["MemAvailable"], in: "/proc/meminfo")[0].map { $0 << 10 }
    let limits = machine.numbers(
      ["Max open files", "Max processes", "Max address space"], in: "/proc/self/limits")
    (openFiles, processes, addressSpace) = (limits[0], limits[1], limits[2])
    governor = machine.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static let prefixes = [
    "OMPI_", "PMI", "PMIX_", "SLURM_", "SRUN_", "OMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_",
    "LCNN_", "LD_PRELOAD", "MALLOC_", "UCX_",
  ]

  /// Reads what takes longer: which segments in /dev/shm no process uses.
  public mutating func readSlowFacts(of machine: Machine) {
    let segments = machine.entries("/dev/shm").filter { $0.hasPrefix("vader_segment.") }
    guard !segments.isEmpty else {
      staleSegments = []
      return
    }
    let maps = machine.entries("/proc").filter { Int($0) != nil }
      .compactMap { machine.text("/proc/\($0)/maps") }
    staleSegments = segments.filter { name in !maps.contains { $0.contains(name) } }
  }
}

/// Facts of the directory that runs are to be written to.
public struct RunDirectoryFacts: Codable, Equatable, Sendable {
  public var path: String
  public var isWritable = true
  public var canLock = true
  public var space: FileSystemSpace?
  public var writeBytesPerSecond: Double?

  package init(
    path: String, space: FileSystemSpace? = nil, writeBytesPerSecond: Double? = nil
  ) {
    self.path = path
    self.space = space
    self.writeBytesPerSecond = writeBytesPerSecond
  }
}

/// Measurements of a job.
public struct Measurements: Codable, Equatable, Sendable {
  /// 10⁹ floating-point operations per second of one thread's matrix product.
  public var gemmRate: Double
  /// Seconds of a barrier of all ranks.
  public var barrierSeconds: Double
  /// Bytes per second that an allreduce of 4 MiB sums.
  public var allreduceRate: Double

  package init(gemmRate: Double, barrierSeconds: Double, allreduceRate: Double) {
    self.gemmRate = gemmRate
    self.barrierSeconds = barrierSeconds
    self.allreduceRate = allreduceRate
  }
}

/// The facts of all ranks, in rank order.
public struct JobFacts: Sendable {
  public let ranks: [RankFacts]
  public var root: RankFacts { ranks[0] }
  /// The ranks of each node, by the node's first rank.
  public let nodes: [[RankFacts]]

  public init(_ ranks: [RankFacts]) {
    self.ranks = ranks
    nodes = Dictionary(grouping: ranks, by: \.cores.node).values
      .sorted { $0[0].rank < $1[0].rank }
  }

  /// The first node for which `condition` holds.
  func node(where condition: ([RankFacts]) -> Bool) -> [RankFacts]? {
    nodes.first(where: condition)
  }

  /// The first two ranks whose values differ.
  func difference<Value: Equatable>(
    _ value: (RankFacts) -> Value
  ) -> (RankFacts, RankFacts)? {
    ranks.first { value($0) != value(ranks[0]) }.map { (ranks[0], $0) }
  }
}
