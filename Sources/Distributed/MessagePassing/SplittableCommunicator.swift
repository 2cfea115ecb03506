/// A communicator whose ranks can be told apart into groups.
public protocol SplittableCommunicator: Communicator {
  /// A communicator of the ranks that give the same `color`, at least 0, in their order here.
  ///
  /// Collective.
  func split(color: Int) -> any SplittableCommunicator
}
