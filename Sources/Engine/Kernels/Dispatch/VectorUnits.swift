import CKernels
import Failures

/// The vector instructions that kernels use, from the least to the most.
///
/// Every kernel is compiled for each of them, and a process uses one: sums are made in other orders
/// and products rounded at other places, so that results agree to rounding only. OpenBLAS has a
/// choice of its own, ``BLASCoreType``.
public enum VectorUnits: String, CaseIterable, Codable, Sendable {
  /// What every CPU of the architecture has; for x86-64 that is SSE2.
  case portable
  /// AVX2 and FMA: x86-64-v3.
  case avx2
  /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  case avx512
  /// AVX-512 and AMX: tiles, and products of bfloat16 by them.
  case amx

  /// The most that this CPU has.
  public static var detected: VectorUnits { VectorUnits(ck_detected_vector_units()) }

  /// Those in use: the detected ones, unless others were asked for.
  public static var current: VectorUnits { VectorUnits(ck_vector_units()) }

  /// Makes kernels use `units` from now on; before the first kernel runs or never.
  ///
  /// - Throws: ``VectorUnitsError`` where the CPU lacks them.
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

/// Why the vector instructions cannot be used.
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
