import MessagePassing
import Tensors

extension Model {
  /// Gives every rank rank 0's values, state and velocities.
  ///
  /// Ranks that have the values in common write there what is there already.
  ///
  /// Collective; rank 0 alone needs to have set them, and to see a checkpoint's files. Ranks then hold the
  /// same bits even where their C libraries round differently.
  public func broadcast(over communicator: any Communicator) {
    var tensors = [values]
    tensors += parameters.filter { !$0.isTrained }.map(\.value)
    tensors += state.map(\.tensor)
    if velocities.isPresent { tensors.append(velocities) }
    for tensor in tensors {
      communicator.broadcast(UnsafeMutableRawBufferPointer(tensor.buffer), from: 0)
    }
  }
}
