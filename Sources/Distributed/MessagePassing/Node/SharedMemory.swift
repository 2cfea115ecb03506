import CMemoryFile

#if canImport(Glibc)
  import Glibc
#endif

/// Memory of a rank that all ranks of a communicator have mapped, and theirs, which it has mapped.
///
/// The ranks run on one machine. It has no name in any file system, so nothing is left however they end, and
/// no limits but those of memory and of a file's size (`ulimit -f`).
public final class SharedMemory: @unchecked Sendable {
  public let bytes: Int
  private let rank: Int
  /// By rank, as this process has mapped them.
  private let bases: [UnsafeMutableRawPointer]

  /// This rank's own; zeroed at first.
  public var base: UnsafeMutableRawPointer { bases[rank] }

  /// That of rank 0, the same for all.
  public var common: UnsafeMutableRawPointer { bases[0] }

  /// Takes `bytes` of memory, at least 8, the same on all ranks.
  ///
  /// Collective. Nil on all ranks if one of them cannot have it, or cannot map that of another.
  init?(bytes: Int, over communicator: any Communicator) {
    // Of a process whose number means another one here, the wrong memory could be mapped.
    let token = UInt64.random(in: 1 ... .max)
    let descriptor = cmemory_file_create("lcnn-dist")
    defer { if descriptor >= 0 { close(descriptor) } }
    let own = Self.map(descriptor, bytes: bytes, growing: true)
    own?.storeBytes(of: token, as: UInt64.self)

    let offers = communicator.allGather(
      Offer(process: getpid(), descriptor: descriptor, token: token).bytes
    ).map(Offer.init)
    var mapped: [UnsafeMutableRawPointer?] = []
    for (rank, offer) in offers.enumerated() {
      mapped.append(rank == communicator.rank ? own : Self.map(offer, bytes: bytes))
    }
    // Whoever has mapped this rank's memory needs the descriptor no longer.
    var failures: [Int64] = [mapped.contains(nil) ? 1 : 0]
    failures.withUnsafeMutableBufferPointer { communicator.allreduce($0) }

    self.bytes = bytes
    rank = communicator.rank
    bases = mapped.compactMap(\.self)
    // From here on deinit unmaps, also what is refused.
    if failures[0] > 0 { return nil }
    base.storeBytes(of: 0, as: UInt64.self)
    // Nobody writes here before the zero.
    communicator.barrier()
  }

  deinit {
    for base in bases { munmap(base, bytes) }
  }

  func base(ofRank rank: Int) -> UnsafeMutableRawPointer { bases[rank] }

  /// Where `pointer` lies in this rank's memory; nil if it does not.
  func offset(of pointer: UnsafeRawPointer) -> Int? {
    let offset = pointer - UnsafeRawPointer(base)
    return (0..<bytes).contains(offset) ? offset : nil
  }

  /// Where a rank's memory is to be found.
  private struct Offer: BitwiseCopyable {
    var process: Int32
    var descriptor: Int32
    var token: UInt64

    init(process: Int32, descriptor: Int32, token: UInt64) {
      self.process = process
      self.descriptor = descriptor
      self.token = token
    }

    init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { $0.loadUnaligned(as: Offer.self) } }

    var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }
  }

  private static func map(_ offer: Offer, bytes: Int) -> UnsafeMutableRawPointer? {
    let path = "/proc/\(offer.process)/fd/\(offer.descriptor)"
    var status = stat()
    // Of another process it may be a device, which must not even be opened.
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    // What lies beyond a file's end must not be touched.
    guard fstat(descriptor, &status) == 0, status.st_size == bytes,
      let mapped = map(descriptor, bytes: bytes, growing: false)
    else { return nil }
    if mapped.load(as: UInt64.self) == offer.token { return mapped }
    munmap(mapped, bytes)
    return nil
  }

  private static func map(
    _ descriptor: Int32, bytes: Int, growing: Bool
  ) -> UnsafeMutableRawPointer? {
    if growing && cmemory_file_grow(descriptor, Int64(bytes)) != 0 { return nil }
    let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    return mapped == MAP_FAILED ? nil : mapped
  }
}
