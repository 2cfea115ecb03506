/// Whether sums over samples may depend on how ranks share them.
public enum SumOrder: Sendable, Equatable {
  /// As fast as it goes: sums differ in their last bits with the number of ranks.
  case fastest
  /// Slices are summed exactly, so that bits depend on nothing but the samples.
  case reproducible
}
