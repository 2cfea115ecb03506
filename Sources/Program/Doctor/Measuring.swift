import Digests
import Files
import Foundation
import Kernels
import MessagePassing
import Tensors

extension Measurements {
  /// Measures matrix products on this rank, and collectives of all ranks: half a second.
  ///
  /// Collective. A rank that does not answer is named by the watchdog.
  public init(over communicator: any Communicator) throws {
    let gemmRate = try Agreement(communicator).perform { try Self.measureProduct() }
    let clock = ContinuousClock()
    let barriers = 50
    communicator.barrier()
    let seconds = clock.measure { for _ in 0..<barriers { communicator.barrier() } } / .seconds(1)
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1 << 20)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0)
    communicator.allreduce(buffer)
    let sum = clock.measure { for _ in 0..<4 { communicator.allreduce(buffer) } } / .seconds(1)
    self.init(
      gemmRate: gemmRate, barrierSeconds: seconds / Double(barriers),
      allreduceRate: 4 * Double(buffer.count * MemoryLayout<Float>.stride) / sum)
  }

  /// 10⁹ operations per second, the best of several products of 512×512 matrices.
  private static func measureProduct() throws -> Double {
    let extent = 512
    let (tensors, arena) = try Arena.plan { arena in
      (0..<3).map { _ in arena.tensor(Shape(rows: extent, columns: extent)) }
    }
    return withExtendedLifetime(arena) {
      for tensor in tensors { tensor.fill(0.5) }
      let clock = ContinuousClock()
      let best = (0..<20).map { _ in
        clock.measure {
          multiply(.plain(tensors[0]), .plain(tensors[1]), into: tensors[2])
        } / .seconds(1)
      }.min()
      let operations = 2 * Double(extent * extent * extent)
      return operations / (best ?? .infinity) / 1e9
    }
  }
}

extension RunDirectoryFacts {
  /// Looks at the folder that exists of a run's path; writes 8 MiB there and removes them if
  /// `measures` is true.
  public init(_ path: String, measures: Bool) {
    var folder = path
    while !FileSystem.isDirectory(folder), let parent = FileSystem.parent(of: folder) {
      folder = parent
    }
    self.init(path: folder)
    space = Machine(environment: [:]).space(folder)
    isWritable = access(folder, W_OK) == 0
    guard isWritable else { return }
    let name = "\(folder)/.lcnn-dist-doctor-\(getpid())"
    defer { unlink(name) }
    let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      isWritable = false
      return
    }
    defer { close(descriptor) }
    canLock = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    guard measures else { return }
    let bytes = [UInt8](repeating: 1, count: 8 << 20)
    let seconds =
      ContinuousClock().measure {
        var written = 0
        while written < bytes.count {
          let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
          }
          if count <= 0 { break }
          written += count
        }
        fsync(descriptor)
      } / .seconds(1)
    writeBytesPerSecond = Double(bytes.count) / seconds
  }
}

extension RankFacts {
  /// SHA-256 of the names and sizes below a folder.
  public static func digest(ofFilesIn folder: String) -> String {
    let digest = SHA256Digest()
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    for path in paths.sorted() {
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
      Array("\(path) \(attributes?[.size] ?? 0)\n".utf8).withUnsafeBytes { digest.update($0) }
    }
    return digest.hexadecimal()
  }
}
