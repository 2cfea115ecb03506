import Kernels
import MessagePassing
import Networks
import Tensors

/// Whether all ranks still hold the same weights, momentum buffers, running statistics and vectors, to the bit.
///
/// They are never sent after the start, so a flipped bit or a rank with other kernels would go unnoticed
/// and train another function. Ranks that have weights in common cannot differ in them: of these a fault is
/// found by comparison with another machine's. Digests of all tensors are compared; 8 bytes per tensor and rank travel.
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
    var own: [UInt8] = []
    for entry in tensors {
      withUnsafeBytes(of: digest(entry.tensor)) { own.append(contentsOf: $0) }
    }
    let digests = communicator.allGather(own)
    for index in tensors.indices {
      let place = index * 8..<index * 8 + 8
      for rank in 1..<communicator.size where digests[rank][place] != digests[0][place] {
        throw .replicasDiffer(tensor: tensors[index].name, rank: rank, step: step)
      }
    }
  }
}
