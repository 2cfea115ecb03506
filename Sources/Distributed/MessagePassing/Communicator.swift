/// A group of ranks and the collectives that data-parallel training needs.
///
/// Collective: every rank calls the same methods, in the same order, with the same counts. A count
/// of zero is legal. Nothing here throws: no rank can recover from a failed collective, so a
/// conformer reports the failure and ends the job.
///
/// No requirement has a default. A type that changes some of them for another communicator is a
/// ``CommunicatorDecorator``.
public protocol Communicator: AnyObject, Sendable {
  /// Number of this rank, 0 ..< `size`.
  var rank: Int { get }

  /// Number of ranks; at least 1.
  var size: Int { get }

  /// Position of this rank among the ranks that share memory with it.
  var node: NodeGroup { get }

  /// Replaces every element by its sum over all ranks. Collective.
  ///
  /// All ranks get the same bits. Which bits these are depends on `size`, since float addition is
  /// not associative.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>)

  /// Replaces every element by its sum over all ranks. Collective; all ranks get the same bits.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>)

  /// Replaces every element by its sum over all ranks. Collective; the sums must fit in 64 bits.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>)

  /// Starts to replace every element by its sum over all ranks. Collective.
  ///
  /// Returns at once. The buffer must not be read or written until ``waitForAllreduces()`` has
  /// returned. All ranks get the same bits, which may differ from those of a blocking allreduce.
  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>)

  /// Starts to replace every integer by its sum over all ranks. Collective.
  ///
  /// Returns at once. The buffer must not be read or written until ``waitForAllreduces()`` has
  /// returned.
  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>)

  /// Lets started allreduces proceed: MPI moves data only while it is called. Not collective.
  func progress()

  /// Returns when every allreduce that this rank has started has ended. Collective if there are
  /// any.
  func waitForAllreduces()

  /// Copies `bytes` of rank `root` over `bytes` of all other ranks. Collective.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int)

  /// Returns when every rank has called it. Collective.
  func barrier()

  /// Calls `make` on one rank of each process and returns its result on all threads of the process.
  ///
  /// Collective within each process; `make` must not make collectives. A large constant then lies
  /// in memory once.
  func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value

  /// Zeroed memory of this rank in which the ranks of its node reduce in place.
  ///
  /// Collective. Nil, on the first thread of every process alike, where an allreduce is as fast in
  /// any other memory.
  func reductionMemory(bytes: Int) -> SharedMemory?

  /// Zeroed memory that all ranks of ``node`` share, from ``SharedMemory/common`` on.
  ///
  /// Collective. Nil on all ranks if they cannot have it, or if no two processes share memory.
  func nodeMemory(bytes: Int) -> SharedMemory?

  /// Returns when all ranks of ``node`` have called it. Collective.
  ///
  /// Each rank then sees what the others wrote before they called it.
  func nodeBarrier()

  /// A communicator of the same ranks whose collectives are matched separately. Collective.
  ///
  /// Gradient buckets on a duplicate never wait behind batch-norm allreduces on the original.
  func duplicate() -> any Communicator

  /// Point of the program that this rank has reached, for the diagnosis of a hang. Not collective.
  ///
  /// Nil where no ledger records it; a new value is then dropped. The cost is negligible beside a
  /// collective.
  var programPoint: ProgramPoint? { get set }

  /// Tells the watchdog that this rank makes progress where there is no collective for long.
  func beat()

  /// Ends all ranks of the job with exit code `code`. Not collective: one rank suffices.
  func abort(code: Int32) -> Never
}

extension Communicator {
  /// Changes the activity of the program point, if there is one.
  ///
  /// It allocates nothing, unlike an assignment to `programPoint?.activity`.
  public func enter(_ activity: ProgramPoint.Activity) {
    guard var programPoint else { return }
    programPoint.activity = activity
    self.programPoint = programPoint
  }

  /// The bytes of every rank, in rank order, on all ranks.
  ///
  /// Collective; the lengths may differ. For set-up and reports: it allocates, and makes one
  /// allreduce and one broadcast per rank.
  public func allGather(_ bytes: [UInt8]) -> [[UInt8]] {
    var lengths = [Int64](repeating: 0, count: size)
    lengths[rank] = Int64(bytes.count)
    lengths.withUnsafeMutableBufferPointer { allreduce($0) }
    return lengths.indices.map { root in
      var gathered = root == rank ? bytes : [UInt8](repeating: 0, count: Int(lengths[root]))
      gathered.withUnsafeMutableBytes { broadcast($0, from: root) }
      return gathered
    }
  }
}

/// A communicator that can be divided into groups of ranks.
public protocol SplittableCommunicator: Communicator {
  /// A communicator of the ranks that give this `color`, at least 0, in the order of this one.
  /// Collective.
  func split(color: Int) -> any SplittableCommunicator
}
