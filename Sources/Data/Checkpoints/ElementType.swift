/// Element types of safetensors that this module reads, in the order of the reference writer.
///
/// The reference writer places tensors of a later type first, so that each tensor is aligned to its
/// elements.
public enum ElementType: String, CaseIterable, Sendable, Comparable {
  case bool = "BOOL"
  case unsigned8 = "U8"
  case signed8 = "I8"
  case signed16 = "I16"
  case unsigned16 = "U16"
  case float16 = "F16"
  case brainFloat16 = "BF16"
  case signed32 = "I32"
  case unsigned32 = "U32"
  case float32 = "F32"
  case float64 = "F64"
  case signed64 = "I64"
  case unsigned64 = "U64"

  /// Number of bytes per element.
  public var byteCount: Int {
    switch self {
    case .bool, .unsigned8, .signed8: 1
    case .signed16, .unsigned16, .float16, .brainFloat16: 2
    case .signed32, .unsigned32, .float32: 4
    case .float64, .signed64, .unsigned64: 8
    }
  }

  /// Names of the types that can be read as floats.
  static let floats = "F32, F64, F16 or BF16"

  var isFloat: Bool {
    switch self {
    case .float16, .brainFloat16, .float32, .float64: true
    case .bool, .unsigned8, .signed8, .signed16, .unsigned16, .signed32, .unsigned32, .signed64,
      .unsigned64:
      false
    }
  }

  private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  public static func < (a: ElementType, b: ElementType) -> Bool { a.order < b.order }
}
