import CKernels
import Failures

/// The vector instructions that kernels use, in ascending order.
///
/// Every kernel is compiled for each set, and a process uses one set. The sets sum in different
/// orders and round at different places, so their results agree to rounding only. OpenBLAS chooses
/// its kernels separately, see ``BLASCoreType``.
public enum VectorUnits: String, CaseIterable, Codable, Sendable {
  /// The instructions of every CPU of the architecture; SSE2 on x86-64.
  case portable
  /// AVX2 and FMA: x86-64-v3.
  case avx2
  /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  case avx512
  /// AVX-512 and AMX: tiles, and products of bfloat16 by them.
  case amx

  /// The largest set that this CPU has.
  public static var detected: VectorUnits { VectorUnits(ck_detected_vector_units()) }

  /// The set in use: the detected one, unless another was chosen.
  public static var current: VectorUnits { VectorUnits(ck_vector_units()) }

  /// Makes kernels use `units`; must be called before the first kernel runs.
  ///
  /// - Throws: ``VectorUnitsError`` if the CPU lacks them.
  public static func use(_ units: VectorUnits) throws(VectorUnitsError) {
    guard ck_set_vector_units(units.code) else { throw .lacking(asked: units, detected: detected) }
  }

  init(_ code: CKVectorUnits) {
    switch code {
    case .portable: self = .portable
    case .AVX2: self = .avx2
    case .AVX512: self = .avx512
    case .AMX: self = .amx
    }
  }

  private var code: CKVectorUnits {
    switch self {
    case .portable: .portable
    case .avx2: .AVX2
    case .avx512: .AVX512
    case .amx: .AMX
    }
  }
}

extension VectorUnits: Comparable {
  public static func < (a: VectorUnits, b: VectorUnits) -> Bool {
    a.code.rawValue < b.code.rawValue
  }
}

/// Vector instructions that the CPU does not have.
public enum VectorUnitsError: Failure, Equatable {
  case lacking(asked: VectorUnits, detected: VectorUnits)

  public var exitStatus: ExitStatus { .usage }

  public var description: String {
    switch self {
    case .lacking(let asked, let detected):
      "this CPU has no \(asked.rawValue), only \(detected.rawValue)"
    }
  }
}
