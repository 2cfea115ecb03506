/// In which numbers a convolution multiplies; products are summed in float32.
public enum Precision: String, CaseIterable, Sendable, Hashable, Codable {
  /// IEEE binary32.
  case float32
  /// Factors rounded to bfloat16: 8 significant bits, the range of float32.
  case bfloat16
  /// Factors as sums of three bfloat16, which hold all bits of a float32, multiplied by the six of
  /// nine products that reach the last of them.
  ///
  /// As exact as float32 between 2⁻¹¹⁰ and 3.38e38; below, the lower parts count as 0, beyond,
  /// results are NaN. For instructions that multiply bfloat16 at more than six times its rate. Of
  /// two parts, with three products, an error of 2⁻¹⁷ per factor is left, which Winograd's
  /// transforms amplify to 2e-5 to 3e-5 of the largest output: more than may be taken for float32.
  case bfloat16x3

  /// Of how many bfloat16 a factor is the sum; 0 for floats.
  var parts: Int {
    switch self {
    case .float32: 0
    case .bfloat16: 1
    case .bfloat16x3: 3
    }
  }
}
