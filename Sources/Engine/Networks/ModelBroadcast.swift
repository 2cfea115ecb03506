import MessagePassing
import Tensors

extension Model {
  /// Gives every rank rank 0's values, state and momentum buffers.
  ///
  /// Ranks that have the values in common write there what is there already.
  ///
  /// Collective; rank 0 alone needs to have set them, and to see a checkpoint's files. Ranks then hold the
  /// same bits even where their C libraries round differently.
  public func broadcast(over communicator: any Communicator) {
    var tensors = [flatParameters]
    tensors += parameters.filter { !$0.isTrained }.map(\.value)
    tensors += state.map(\.tensor)
    if momentumBuffers.isPresent { tensors.append(momentumBuffers) }
    for tensor in tensors {
      communicator.broadcast(UnsafeMutableRawBufferPointer(tensor.buffer), from: 0)
    }
  }
}
