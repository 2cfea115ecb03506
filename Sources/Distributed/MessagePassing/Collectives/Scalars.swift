extension Communicator {
  /// Rank 0's value.
  ///
  /// Collective.
  package func fromRoot(_ value: Double) -> Double {
    var values = [value]
    values.withUnsafeMutableBytes { broadcast($0, from: 0) }
    return values[0]
  }

  /// The sum over ranks.
  ///
  /// Collective.
  package func total(_ value: Double) -> Double {
    var values = [value]
    values.withUnsafeMutableBufferPointer { allreduce($0) }
    return values[0]
  }
}
