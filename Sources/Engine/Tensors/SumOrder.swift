/// Whether sums over samples depend on the distribution of samples over ranks.
public enum SumOrder: Sendable, Equatable {
  /// The fastest order: the last bits of sums depend on the number of ranks.
  case fastest
  /// Exact sums of slices: bits depend on the samples only.
  case reproducible
}
