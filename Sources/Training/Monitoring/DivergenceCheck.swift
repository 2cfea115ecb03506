import Kernels
import MessagePassing
import Networks
import Tensors

/// Compares weights, momentum buffers, running statistics and power-iteration vectors over all
/// ranks.
///
/// These are never sent after the start, so a flipped bit or a rank with other kernels would go
/// unnoticed and train another function. Ranks of a node that share weights cannot differ in them:
/// such a fault shows in the comparison with another node. Digests of all tensors are compared, 8
/// bytes per tensor and rank.
public struct DivergenceCheck {
  private let communicator: any Communicator
  private let tensors: [(name: String, tensor: Tensor)]

  public init(_ model: Model, communicator: any Communicator) {
    self.communicator = communicator
    var tensors: [(name: String, tensor: Tensor)] = []
    for parameter in model.parameters {
      tensors.append((parameter.names[0], parameter.value))
      if parameter.momentumBuffer.isPresent {
        tensors.append(("momentum buffer of \(parameter.names[0])", parameter.momentumBuffer))
      }
    }
    self.tensors = tensors + model.state.map { ($0.name, $0.tensor) }
  }

  /// Throws on every rank if any rank differs from rank 0.
  ///
  /// Collective.
  public func run(step: Int) throws(TrainingError) {
    guard communicator.size > 1 else { return }
    communicator.enter(.replicaComparison)
    var local: [UInt8] = []
    for entry in tensors {
      withUnsafeBytes(of: digest(entry.tensor)) { local.append(contentsOf: $0) }
    }
    let digests = communicator.allGather(local)
    for index in tensors.indices {
      let bytes = index * 8..<index * 8 + 8
      for rank in 1..<communicator.size where digests[rank][bytes] != digests[0][bytes] {
        throw .replicasDiffer(tensor: tensors[index].name, rank: rank, step: step)
      }
    }
  }
}
