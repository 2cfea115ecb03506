extension Communicator {
  /// The value of rank 0, on all ranks.
  ///
  /// Collective.
  package func fromRoot(_ value: Double) -> Double {
    var values = [value]
    values.withUnsafeMutableBytes { broadcast($0, from: 0) }
    return values[0]
  }

  /// The sum of the values of all ranks, on all ranks.
  ///
  /// Collective.
  package func total(_ value: Double) -> Double {
    var values = [value]
    values.withUnsafeMutableBufferPointer { allreduce($0) }
    return values[0]
  }
}
