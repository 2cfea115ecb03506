import Foundation
import MessagePassing
import Testing

/// MPI for this test process, with as many ranks as it was started with: one under `swift test`.
private enum World {
  /// MPI starts once per process, and a job whose ranks leave without MPI_Finalize is an error.
  static let started: Result<MPICommunicator, MPIError> = {
    atexit { try? World.started.get().finalize() }
    return Result { () throws(MPIError) in try MPICommunicator.initialize() }
  }()
}

// Serialized: the ranks must meet in the same tests in the same order.
@Suite(.serialized) struct MPICommunicatorTests {
  let world: MPICommunicator

  init() throws {
    world = try World.started.get()
  }

  @Test("MPI starts once, and says who and where the ranks are")
  func start() throws {
    #expect(try MPICommunicator.initialize() === world)
    #expect((0..<world.size).contains(world.rank))
    #expect(!world.hostName.isEmpty && !world.library.isEmpty && !world.library.contains("\n"))
    let environment = ProcessInfo.processInfo.environment
    if let launched = environment["OMPI_COMM_WORLD_SIZE"] ?? environment["PMI_SIZE"] {
      #expect("\(world.size)" == launched)
    }
  }

  @Test("MPI's sums are the plain sums", arguments: CommunicatorClaims.counts)
  func sums(count: Int) {
    for salt in 0..<20 {
      CommunicatorClaims.sumsEqualPlainSums(world, count: count, salt: salt)
    }
  }

  @Test("MPI's started sums are the plain sums, also many of them, and those of several parts")
  func startedSums() {
    CommunicatorClaims.startedSumsEqualPlainSums(
      world, counts: CommunicatorClaims.counts + [100_003, 0])
    CommunicatorClaims.startedSumsEqualPlainSums(world, counts: Array(repeating: 5, count: 300))
  }

  @Test("all ranks get the same bits", arguments: CommunicatorClaims.counts + [100_003])
  func bits(count: Int) {
    CommunicatorClaims.allRanksGetTheSameBits(world, count: count)
  }

  @Test("a broadcast from every root reaches all ranks", arguments: CommunicatorClaims.counts)
  func broadcast(count: Int) {
    CommunicatorClaims.everyRootReachesAll(world, count: count)
  }

  @Test("gathered bytes keep their rank and their length")
  func gather() {
    CommunicatorClaims.gatherKeepsLengths(world)
  }

  @Test("a duplicate's collectives do not mix with the original's")
  func duplicate() {
    CommunicatorClaims.duplicateIsMatchedSeparately(world)
  }

  @Test("ranks that are split come together with those of their color, in order")
  func split() {
    CommunicatorClaims.splitsByColor(world)
  }

  @Test("nobody passes a barrier before the last rank comes")
  func barrier() {
    world.barrier()
    let start = ContinuousClock.now
    if world.rank == world.size - 1 { Thread.sleep(forTimeInterval: 0.02) }
    world.barrier()
    // A rank may leave the first barrier late; 10 of the last rank's 20 ms leave room for that.
    #expect(ContinuousClock.now - start >= .milliseconds(10))
  }
}
