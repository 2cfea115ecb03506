/// A group of ranks and the collectives that data-parallel training needs.
///
/// Collective: every rank calls the same methods, in the same order, with the same counts. A zero
/// count is legal. Nothing here throws: a failed collective cannot be recovered from, so a conformer
/// says what failed and ends the job.
public protocol Communicator: AnyObject, Sendable {
  /// This rank's number, 0 ..< `size`.
  var rank: Int { get }

  /// How many ranks there are; at least 1.
  var size: Int { get }

  /// This rank's number among those that are threads of its process; 0 where it has a process alone.
  var thread: Int { get }

  /// How many ranks are threads of this rank's process; 1 where it has a process alone.
  var threads: Int { get }

  /// Replaces every element by its sum over all ranks. Collective.
  ///
  /// All ranks get the same bits; which bits depends on `size`, since float addition is not
  /// associative.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>)

  /// Replaces every element by its sum over all ranks. Collective; all ranks get the same bits.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>)

  /// Replaces every element by its sum over all ranks. Collective; the sums must fit in 64 bits.
  func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>)

  /// Starts replacing every element by its sum over all ranks. Collective.
  ///
  /// Returns at once. The buffer must not be read or written before ``waitForAllreduces()`` has returned. All
  /// ranks get the same bits, which need not be those of a sum that is made at once.
  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>)

  /// The same for integers, whose sums are the same whatever starts and ends them.
  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>)

  /// Lets sums that have been started proceed: MPI moves data only while it is called. Not collective.
  func progress()

  /// Returns when every sum that this rank has started has ended. Collective if there are any.
  func waitForAllreduces()

  /// Copies `bytes` of rank `root` over `bytes` of all other ranks. Collective.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int)

  /// Returns when every rank has called it. Collective.
  func barrier()

  /// Every rank's bytes, in rank order, on all ranks. Collective; the lengths may differ.
  ///
  /// For set-up and reports: it allocates, and takes one broadcast per rank.
  func allGather(_ bytes: [UInt8]) -> [[UInt8]]

  /// What `make` returns, called by one rank of each process and given to all that are its threads.
  ///
  /// Collective within each process; `make` must not make collectives. What is large and never changes
  /// then lies in memory once.
  func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value

  /// Returns when all ranks that are threads of this process have called it.
  ///
  /// Collective within each process. What each wrote before, all see after it.
  func meetThreads()

  /// This rank's number among those that can have memory in common: threads of a process, and ranks of a
  /// machine that have mapped one another's memory.
  var sharer: Int { get }

  /// How many those are; `threads` where a process shares with no other.
  var sharers: Int { get }

  /// Zeroed memory of this rank in which sums are made in place, by the ranks of its machine.
  ///
  /// Collective. Nil, on all ranks of a process's first thread, where sums are as fast anywhere else.
  func reductionMemory(bytes: Int) -> SharedMemory?

  /// Zeroed memory that all ``sharers`` have in common, from ``SharedMemory/common`` on.
  ///
  /// Collective. Nil on all ranks where there is none, or where a process shares with no other.
  func nodeMemory(bytes: Int) -> SharedMemory?

  /// Returns when all ranks that can have memory in common have called it: what each wrote before, all see.
  ///
  /// Collective.
  func nodeBarrier()

  /// A communicator of the same ranks whose collectives are matched separately. Collective.
  ///
  /// Gradient buckets on a duplicate never wait behind batch-norm sums on the original.
  func duplicate() -> any Communicator

  /// Where this rank is in its program, for the diagnosis of a hang; none where nobody keeps it.
  ///
  /// Not collective, and it costs nothing next to a collective.
  var programPoint: ProgramPoint? { get set }

  /// Says that this rank goes on within its place, where there are no collectives for long.
  func beat()

  /// Ends the whole job, all ranks of it, with exit code `code`. Not collective: one rank suffices.
  func abort(code: Int32) -> Never
}

extension Communicator {
  public var thread: Int { 0 }
  public var threads: Int { 1 }

  public func meetThreads() {}

  public var sharer: Int { thread }
  public var sharers: Int { threads }

  public func reductionMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeBarrier() { meetThreads() }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try make()
  }

  public var programPoint: ProgramPoint? {
    get { nil }
    set {}
  }

  /// Changes what the place says that the rank does.
  ///
  /// It allocates nothing, where an assignment to `place?.activity` does.
  public func enter(_ activity: ProgramPoint.Activity) {
    guard var programPoint else { return }
    programPoint.activity = activity
    self.programPoint = programPoint
  }

  public func beat() {}

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
