import CMPI
import Foundation
import Preconditions
import Synchronization

/// All ranks of the MPI job, or a duplicate of them.
///
/// An MPI error in a collective ends the job: it is worded on stderr, and MPI_Abort ends all ranks
/// with ``MPIError/exitCode``. One thread at a time may use any of a process's communicators; where
/// MPI offers no more than MPI_THREAD_FUNNELED, only the thread that called ``initialize()``.
public final class MPICommunicator: Communicator {
  public let rank: Int
  public let size: Int

  /// This rank's number among the ranks of this machine, and how many those are.
  public let localRank: Int
  public let localSize: Int

  /// This machine's name, as MPI gives it.
  public let hostName: String

  /// The MPI library and its version, on one line.
  public let library: String

  private let handle: cmpi_communicator
  private let started = RequestPool()

  /// Where this process is in MPI's life: it starts once.
  private enum Life {
    case before
    case running(MPICommunicator)
    case finalized
  }

  private static let life = Mutex(Life.before)
  private static let beforeAbort = Mutex<(@Sendable () -> Void)?>(nil)

  /// Has `body` run when an MPI error has been worded and before it ends the job.
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

  /// Ends this process's part in MPI.
  ///
  /// Collective. No communicator can be used after it, and later calls do nothing.
  public func finalize() {
    Self.life.withLock { life in
      guard case .running = life else { return }
      check(cmpi_finalize(), "MPI_Finalize")
      life = .finalized
    }
  }

  private static func start() throws(MPIError) -> MPICommunicator {
    var begun: Int32 = 0
    try check(cmpi_initialized(&begun), "MPI_Initialized")
    if begun != 0 { throw .startedElsewhere }
    var funneled: Int32 = 0
    try check(cmpi_initialize(&funneled), "MPI_Init_thread")
    // MPICH writes several lines, with tabs in them; the first names the version.
    let version = text(cmpi_library_version)
    let library = String(version.prefix { $0 != "\n" }).replacing("\t", with: " ")
    if funneled == 0 { throw .noThreads(library: library) }

    let handle = cmpi_world()
    var (rank, size, localRank, localSize): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    try check(cmpi_rank(handle, &rank), "MPI_Comm_rank")
    try check(cmpi_size(handle, &size), "MPI_Comm_size")
    try check(
      cmpi_local_place(handle, &localRank, &localSize), "MPI_Comm_split_type", rank: Int(rank))
    return MPICommunicator(
      handle: handle, rank: Int(rank), size: Int(size), localRank: Int(localRank),
      localSize: Int(localSize), hostName: text(cmpi_processor_name), library: library)
  }

  private init(
    handle: cmpi_communicator, rank: Int, size: Int, localRank: Int, localSize: Int,
    hostName: String, library: String
  ) {
    self.handle = handle
    self.rank = rank
    self.size = size
    self.localRank = localRank
    self.localSize = localSize
    self.hostName = hostName
    self.library = library
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      check(cmpi_sum_float(handle, values, Int32(part.count)), "MPI_Allreduce")
    }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Double>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      check(cmpi_sum_double(handle, values, Int32(part.count)), "MPI_Allreduce")
    }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    for part in CountChunks(of: buffer.count) {
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      check(cmpi_sum_int64(handle, values, Int32(part.count)), "MPI_Allreduce")
    }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    for part in CountChunks(of: buffer.count) {
      if started.isFull { finishSums() }
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      check(
        cmpi_start_sum_float(handle, values, Int32(part.count), started.next()), "MPI_Iallreduce")
    }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    for part in CountChunks(of: buffer.count) {
      if started.isFull { finishSums() }
      let values = buffer.baseAddress?.advanced(by: part.lowerBound)
      check(
        cmpi_start_sum_int64(handle, values, Int32(part.count), started.next()), "MPI_Iallreduce")
    }
  }

  public func advanceSums() {
    started.forEach { request in
      var ended: Int32 = 0
      check(cmpi_test(request, &ended), "MPI_Test")
    }
  }

  public func finishSums() {
    started.forEach { check(cmpi_wait($0), "MPI_Wait") }
    started.clear()
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(
      (0..<size).contains(root), "broadcast from rank \(root), but there are \(size) ranks")
    for part in CountChunks(of: bytes.count) {
      let start = bytes.baseAddress?.advanced(by: part.lowerBound)
      check(cmpi_broadcast(handle, start, Int32(part.count), Int32(root)), "MPI_Bcast")
    }
  }

  public func barrier() {
    check(cmpi_barrier(handle), "MPI_Barrier")
  }

  /// The copy lives until ``finalize()``: freeing it is collective, and ranks release objects at
  /// different times.
  public func duplicate() -> any Communicator {
    var copy = handle
    check(cmpi_duplicate(handle, &copy), "MPI_Comm_dup")
    return MPICommunicator(
      handle: copy, rank: rank, size: size, localRank: localRank, localSize: localSize,
      hostName: hostName, library: library)
  }

  public func abort(code: Int32) -> Never {
    _ = cmpi_abort(code)
    // MPI_Abort does not return; if it did, exit handlers must not call MPI_Finalize.
    _exit(code)
  }

  /// The one place where the code of a running job's MPI call is looked at.
  private func check(_ code: Int32, _ call: StaticString) {
    do throws(MPIError) {
      try Self.check(code, call, rank: rank)
    } catch {
      FileHandle.standardError.write(Data("lcnn-dist: \(error)\n".utf8))
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
