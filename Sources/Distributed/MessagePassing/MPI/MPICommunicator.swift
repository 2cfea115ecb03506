import CMPI
import Failures
import Foundation
import Synchronization

/// All ranks of the MPI job, a duplicate of them, or a group of them.
///
/// An MPI error in a collective ends the job: stderr gets its text, and MPI_Abort ends all ranks
/// with ``MPIError/exitCode``. One thread at a time may use the communicators of a process. If MPI
/// offers no more than MPI_THREAD_FUNNELED, only the thread that called ``initialize()`` may.
///
/// MPI moves data only while it is called. So where MPI allows it, a progress thread calls it every
/// 100 µs until all started allreduces have ended; see ``AllreduceQueue``.
public final class MPICommunicator: SplittableCommunicator {
  public let rank: Int
  public let size: Int
  public let node = NodeGroup.alone

  /// Host name of the node, from MPI.
  public let hostName: String

  /// The MPI library and its version, on one line.
  public let library: String

  /// The MPI library whose headers the program was built with, as `Open MPI 4.1.4`.
  public static var builtWith: String { String(cString: cmpi_built_with()) }

  let handle: cmpi_communicator
  /// Whether MPI allows calls from any thread, one at a time.
  public let allowsOtherThreads: Bool
  let started = AllreduceQueue()
  /// Started with the first allreduce that proceeds beside the computation.
  let progressThread = Mutex<ProgressThread?>(nil)

  /// State of MPI in this process, which can start it once.
  private enum Life {
    case before
    case running(MPICommunicator)
    case finalized
  }

  private static let life = Mutex(Life.before)
  /// Locked during every call of a running MPI, except those that end the job.
  static let turn = Mutex(())
  private static let beforeAbort = Mutex<(@Sendable () -> Void)?>(nil)

  /// Sets a closure that runs between the report of an MPI error and the end of the job.
  public static func beforeAborting(_ body: @escaping @Sendable () -> Void) {
    beforeAbort.withLock { $0 = body }
  }

  /// Starts MPI, and returns the communicator of all ranks; later calls return the same one.
  ///
  /// Collective over the job the first time. Started without mpirun or srun: rank 0 of 1.
  public static func initialize() throws(MPIError) -> MPICommunicator {
    try life.withLock { (life) throws(MPIError) -> MPICommunicator in
      switch life {
      case .running(let world): return world
      case .finalized: throw .finalized
      case .before: break
      }
      let world = try start()
      life = .running(world)
      return world
    }
  }

  /// Finalizes MPI in this process.
  ///
  /// Collective. No communicator may be used afterwards; later calls do nothing.
  public func finalize() {
    Self.life.withLock { life in
      guard case .running = life else { return }
      call("MPI_Finalize") { cmpi_finalize() }
      life = .finalized
    }
  }

  private static func start() throws(MPIError) -> MPICommunicator {
    var begun: Int32 = 0
    try check(cmpi_initialized(&begun), "MPI_Initialized")
    if begun != 0 { throw .startedElsewhere }
    FabricSearch.spare()
    var threads = CMPI_THREADS_NONE
    try check(cmpi_initialize(&threads), "MPI_Init_thread")
    // MPICH writes several lines with tabs; the first line names the version.
    let version = text(cmpi_library_version)
    let library = String(version.prefix { $0 != "\n" }).replacing("\t", with: " ")
    if threads == CMPI_THREADS_NONE { throw .noThreads(library: library) }

    let handle = cmpi_world()
    var (rank, size): (Int32, Int32) = (0, 0)
    try check(cmpi_rank(handle, &rank), "MPI_Comm_rank")
    try check(cmpi_size(handle, &size), "MPI_Comm_size")
    return MPICommunicator(
      handle: handle, allowsOtherThreads: threads == CMPI_THREADS_SERIALIZED, rank: Int(rank),
      size: Int(size), hostName: text(cmpi_processor_name), library: library)
  }

  private init(
    handle: cmpi_communicator, allowsOtherThreads: Bool, rank: Int, size: Int,
    hostName: String, library: String
  ) {
    self.handle = handle
    self.allowsOtherThreads = allowsOtherThreads
    self.rank = rank
    self.size = size
    self.hostName = hostName
    self.library = library
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      call("MPI_Allreduce") { cmpi_allreduce_float(handle, values, Int32(part.count)) }
    }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      call("MPI_Allreduce") { cmpi_allreduce_double(handle, values, Int32(part.count)) }
    }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      call("MPI_Allreduce") { cmpi_allreduce_int64(handle, values, Int32(part.count)) }
    }
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(
      (0..<size).contains(root), "broadcast from rank \(root), but there are \(size) ranks")
    for part in CountChunks(of: bytes.count) {
      let start = bytes.baseAddress?.advanced(by: part.lowerBound)
      call("MPI_Bcast") { cmpi_broadcast(handle, start, Int32(part.count), Int32(root)) }
    }
  }

  public func barrier() {
    call("MPI_Barrier") { cmpi_barrier(handle) }
  }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try make()
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeBarrier() {}

  public var programPoint: ProgramPoint? {
    get { nil }
    set {}
  }

  public func beat() {}

  /// A copy that lives until ``finalize()``.
  ///
  /// Freeing it is collective, but ranks release objects at different times.
  public func duplicate() -> any Communicator {
    var copy = handle
    call("MPI_Comm_dup") { cmpi_duplicate(handle, &copy) }
    return MPICommunicator(
      handle: copy, allowsOtherThreads: allowsOtherThreads, rank: rank, size: size,
      hostName: hostName, library: library)
  }

  /// A group of the ranks, which lives until ``finalize()``, like a duplicate.
  public func split(color: Int) -> any SplittableCommunicator {
    var part = handle
    var (rank, size): (Int32, Int32) = (0, 0)
    call("MPI_Comm_split") { cmpi_split(handle, Int32(color), &part) }
    call("MPI_Comm_rank") { cmpi_rank(part, &rank) }
    call("MPI_Comm_size") { cmpi_size(part, &size) }
    return MPICommunicator(
      handle: part, allowsOtherThreads: allowsOtherThreads, rank: Int(rank), size: Int(size),
      hostName: hostName, library: library)
  }

  public func abort(code: Int32) -> Never {
    _ = cmpi_abort(code)
    // MPI_Abort should not return. If it does, exit handlers must not call MPI_Finalize.
    _exit(code)
  }

  /// Calls MPI with the lock.
  private func call(_ name: StaticString, _ body: () -> Int32) {
    Self.turn.withLock { _ in check(body(), name) }
  }

  /// Checks the return code of every MPI call of a running job.
  func check(_ code: Int32, _ call: StaticString) {
    do throws(MPIError) {
      try Self.check(code, call, rank: rank)
    } catch {
      try? FileHandle.standardError.write(contentsOf: Data("lcnn-dist: \(error)\n".utf8))
      Self.beforeAbort.withLock(\.self)?()
      abort(code: MPIError.exitCode)
    }
  }

  private static func check(
    _ code: Int32, _ call: StaticString, rank: Int? = nil
  ) throws(MPIError) {
    if code == 0 { return }
    let worded = text { cmpi_error_text(code, $0, $1) }
    throw .failed(
      call: "\(call)", code: code, text: worded, rank: rank, host: ProcessInfo.processInfo.hostName)
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>?, Int32) -> Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CMPI_TEXT_BYTES)) { buffer in
      buffer.initialize(repeating: 0)
      guard write(buffer.baseAddress, CMPI_TEXT_BYTES) == 0 else { return "unknown to MPI" }
      return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
  }
}
