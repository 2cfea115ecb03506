/// A search for a point of the threat model that the model misclassifies.
public protocol Attack: Sendable {
  /// Attacks the samples of a slice independently, until they are misclassified or the attack ends.
  ///
  /// The result of a sample is a function of the model, its image, label and index: it does not
  /// depend on the other samples of the slice.
  func run(on slice: AttackedSlice)
}

/// No attack: the model's answer to the image itself.
public struct Unperturbed: Attack {
  public init() {}

  public func run(on slice: AttackedSlice) { slice.forward() }
}
