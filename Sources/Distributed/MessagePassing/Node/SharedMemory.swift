import CMemoryFile

#if canImport(Glibc)
  import Glibc
#endif

/// A block of memory of each rank of a node, which all ranks of the node have mapped.
///
/// A block has no name in any file system, so nothing is left however the ranks end. Its only
/// limits are the memory and the largest size of a file (`ulimit -f`).
public final class SharedMemory: @unchecked Sendable {
  public let bytes: Int
  private let rank: Int
  /// Address of the block of each rank in this process, in rank order.
  private let bases: [UnsafeMutableRawPointer]

  /// The block of this rank; zeroed at first.
  public var base: UnsafeMutableRawPointer { bases[rank] }

  /// The block of rank 0, which all ranks can use as common memory.
  public var common: UnsafeMutableRawPointer { bases[0] }

  /// Allocates `bytes` of memory on each rank; at least 8, and equal on all ranks.
  ///
  /// Collective. Nil on all ranks if one of them cannot have its block, or cannot map that of
  /// another.
  init?(bytes: Int, over communicator: any Communicator) {
    // The number of a process in another container may name a different process here; the token
    // tells.
    let token = UInt64.random(in: 1 ... .max)
    let descriptor = cmemory_file_create("lcnn-dist")
    defer { if descriptor >= 0 { close(descriptor) } }
    let local = Self.map(descriptor, bytes: bytes, growing: true)
    local?.storeBytes(of: token, as: UInt64.self)

    let offers = communicator.allGather(
      Offer(process: getpid(), descriptor: descriptor, token: token).bytes
    ).map(Offer.init)
    var mapped: [UnsafeMutableRawPointer?] = []
    for (rank, offer) in offers.enumerated() {
      mapped.append(rank == communicator.rank ? local : Self.map(offer, bytes: bytes))
    }
    // The descriptor is closed after this: all ranks have mapped the block, or failed to.
    var failures: [Int64] = [mapped.contains(nil) ? 1 : 0]
    failures.withUnsafeMutableBufferPointer { communicator.allreduce($0) }

    self.bytes = bytes
    rank = communicator.rank
    bases = mapped.compactMap(\.self)
    // From here on deinit unmaps the blocks, also if the memory is refused.
    if failures[0] > 0 { return nil }
    base.storeBytes(of: 0, as: UInt64.self)
    // No rank writes here before the zero.
    communicator.barrier()
  }

  deinit {
    for base in bases { munmap(base, bytes) }
  }

  func base(ofRank rank: Int) -> UnsafeMutableRawPointer { bases[rank] }

  /// Offset of `pointer` in the block of this rank; nil if it lies elsewhere.
  func offset(of pointer: UnsafeRawPointer) -> Int? {
    let offset = pointer - UnsafeRawPointer(base)
    return (0..<bytes).contains(offset) ? offset : nil
  }

  /// The process and the file descriptor of a block.
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
    // The descriptor of a different process may be a device, which must not even be opened.
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    // Memory beyond the end of the file must not be touched.
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
