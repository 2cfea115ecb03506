import CBLAS
import CKernels
import Environment

/// The kernel set that OpenBLAS uses, and the set that suits the CPU.
///
/// OpenBLAS chooses by CPU model when it is loaded, and takes a generic set on unknown CPUs. Only
/// the environment variable OPENBLAS_CORETYPE changes that, so a program with the wrong set must
/// restart itself.
///
/// GFLOP/s of one core, OpenBLAS 0.3.21 on an AMD EPYC of family 26 with AVX-512, best of four
/// interleaved runs, 1024³ and 8192×64×576: Cooperlake (OpenBLAS's choice) 206 and 162, SkylakeX
/// 206 and 151, Haswell 110 and 85, Zen 108 and 79, Nehalem 39 and 36, Prescott 41 and 33. So
/// AVX-512 justifies a restart even from an AVX2 set. Every AVX-512 server CPU can run SkylakeX.
public struct BLASCoreType: Sendable {
  /// The properties of a CPU that decide which set suits it.
  public struct Processor: Hashable, Sendable {
    public enum Vendor: Sendable { case intel, amd }

    public let vectors: VectorUnits
    public let vendor: Vendor

    public init(vectors: VectorUnits, vendor: Vendor) {
      self.vectors = vectors
      self.vendor = vendor
    }

    /// The CPU of this process.
    public static var current: Processor {
      let found = ck_processor()
      return Processor(
        vectors: VectorUnits(found.vectorUnits), vendor: found.amd ? .amd : .intel)
    }
  }

  /// Read by OpenBLAS when it is loaded.
  public static let coreTypeVariable = "OPENBLAS_CORETYPE"
  /// Set by this program when it has chosen the core type.
  public static let guardVariable = EnvironmentVariable.blasCoreChosen.rawValue

  private static let avx512Cores: Set = ["skylakex", "cooperlake", "sapphirerapids"]
  private static let avx2Cores: Set = ["haswell", "zen"]

  /// The kernel set in use, as OpenBLAS names it.
  public static var current: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// The value that OPENBLAS_CORETYPE should have; nil if `core` suits the processor or the user
  /// has set the variable.
  public static func advice(
    core: String, processor: Processor, environment: [String: String]
  ) -> String? {
    // OpenBLAS ignores an empty value.
    let isSet = environment[coreTypeVariable].map { !$0.isEmpty } ?? false
    let isOurs = environment[guardVariable] != nil
    if isSet && !isOurs { return nil }
    let name = core.lowercased()
    switch processor.vectors {
    case .portable: return nil
    case .avx512, .amx: return avx512Cores.contains(name) ? nil : "SkylakeX"
    case .avx2:
      if avx2Cores.contains(name) { return nil }
      return processor.vendor == .amd ? "Zen" : "Haswell"
    }
  }
}
