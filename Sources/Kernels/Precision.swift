/// In which numbers a convolution multiplies.
public enum Precision: String, Sendable, Hashable, Codable {
  /// IEEE binary32.
  case float32
  /// Factors rounded to bfloat16 (8 significant bits, the range of float32), products summed in float32.
  case bfloat16
}
