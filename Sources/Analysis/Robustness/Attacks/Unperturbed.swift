/// No attack: the model's answer to the image itself.
public struct Unperturbed: Attack {
  public init() {}

  public func run(on slice: AttackedSlice) { slice.forward() }
}
