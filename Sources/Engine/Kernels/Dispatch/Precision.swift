/// The precision of a convolution's factors; products are summed in float32.
public enum Precision: String, CaseIterable, Sendable, Hashable, Codable {
  /// IEEE binary32.
  case float32
  /// Factors rounded to bfloat16: 8 significant bits, the range of float32.
  case bfloat16
  /// Factors split into three bfloat16, which hold all bits of a float32. Six of the nine products
  /// are computed, those that reach the last bit.
  ///
  /// It is as exact as float32 between 2⁻¹¹⁰ and 3.38e38. Below, the lower parts count as 0; above,
  /// results are NaN. It pays off with instructions that multiply bfloat16 more than six times as
  /// fast as float32, AMX's; it has never been timed with them.
  ///
  /// Two parts, with three products, would leave an error of 2⁻¹⁷ per factor, which Winograd's
  /// transforms amplify to 2e-5 to 3e-5 of the largest output: more than float32 has.
  case bfloat16x3

  /// The number of bfloat16 that a factor is split into; 0 for floats.
  var parts: Int {
    switch self {
    case .float32: 0
    case .bfloat16: 1
    case .bfloat16x3: 3
    }
  }
}
