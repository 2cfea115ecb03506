import Checkpoints
import Failures
import Kernels
import Tensors

/// A copy of what a checkpoint holds of a model, which other threads may read while the model moves
/// on.
///
/// Its memory is taken and touched once, so ``take()`` copies and does nothing else. Of ranks that
/// share parameters, the first one copies them; the others copy their running statistics only.
public final class ModelSnapshot: @unchecked Sendable {
  private typealias Part = (source: Tensor, copy: Tensor)

  private let model: Model
  private let arena: Arena
  /// Parameters, momentum buffers and vectors of power iterations; empty where another rank of the
  /// node copies them.
  private let shared: [Part]
  /// Running statistics, of which every rank has its own.
  private let statistics: [Part]

  /// - Throws: ``ArenaError`` if the copy does not fit.
  public init(of model: Model) throws {
    self.model = model
    let (shared, statistics) = Self.sources(of: model)
    let (copies, arena) = try Arena.plan { arena in
      (shared + statistics).map { arena.tensor($0.shape) }
    }
    self.arena = arena
    for copy in copies { copy.fill(0) }
    self.shared = Array(zip(shared, copies))
    self.statistics = Array(zip(statistics, copies[shared.count...]))
  }

  private static func sources(of model: Model) -> (shared: [Tensor], statistics: [Tensor]) {
    (model.isFirstOfNode ? model.sharedTensors : [], model.chain.state.map(\.tensor))
  }

  public var memoryBytes: Int { arena.bytes }

  /// The memory that a copy of `model` would take, in bytes.
  public static func memoryBytes(of model: Model) -> Int {
    let (shared, statistics) = sources(of: model)
    return Arena.bytes { (arena: Arena) in (shared + statistics).map { arena.tensor($0.shape) } }
  }

  /// Copies the model as it is now.
  ///
  /// To be called between two steps: no rank moves parameters before all have begun the next one.
  public func take() {
    for part in shared { part.copy.copy(from: part.source) }
    for part in statistics { part.copy.copy(from: part.source) }
  }

  public var digest: ReplicaDigest {
    ReplicaDigest(
      shared: shared.isEmpty ? nil : Self.digest(shared), statistics: Self.digest(statistics))
  }

  private static func digest(_ parts: [Part]) -> UInt64 {
    parts.reduce(0) { ($0 ^ Kernels.digest($1.copy)) &* 0x0000_0100_0000_01B3 }
  }

  /// ``Model/stateTensors`` as they were when the copy was taken; of the first rank of a node.
  public var stateTensors: [DeferredTensor] { model.stateTensors(at: place) }

  /// ``Model/momentumTensors`` as they were when the copy was taken; of the first rank of a node.
  public var momentumTensors: [DeferredTensor] { model.momentumTensors(at: place) }

  /// The copy of one of the model's tensors.
  private func place(of tensor: Tensor) -> Tensor {
    for part in shared + statistics {
      let offset = tensor.pointer - part.source.pointer
      guard offset >= 0, offset + tensor.count <= part.source.count else { continue }
      return Tensor(tensor.shape, storage: part.copy.pointer + offset)
    }
    unreachable("\(tensor) is not part of the snapshot")
  }
}

/// 64-bit digests of a rank's part of the training state.
public struct ReplicaDigest: Sendable, Equatable {
  /// Of what ranks of a node may share; nil on a rank that leaves it to another one.
  public let shared: UInt64?
  /// Of the running statistics.
  public let statistics: UInt64

  public init(shared: UInt64?, statistics: UInt64) {
    self.shared = shared
    self.statistics = statistics
  }

  /// Whether the digests that both have are equal.
  public func matches(_ other: ReplicaDigest) -> Bool {
    guard statistics == other.statistics else { return false }
    guard let shared, let otherShared = other.shared else { return true }
    return shared == otherShared
  }
}
