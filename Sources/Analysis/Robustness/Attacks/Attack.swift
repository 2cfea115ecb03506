/// A way to look for a point of the threat model that the model takes for another class.
public protocol Attack: Sendable {
  /// Attacks the samples of a slice, each on its own, until they are broken or the attack is spent.
  ///
  /// What happens to a sample is a function of the model, its image, label and index: it does not
  /// depend on the samples beside it.
  func run(on slice: AttackedSlice)
}
