import CBLAS
import CKernels
import Environment

/// The kernel set that OpenBLAS uses, and the one that it should.
///
/// OpenBLAS chooses by CPU model when it is loaded, and takes a generic set on CPUs that it does
/// not know. Only the environment variable OPENBLAS_CORETYPE changes that, so a program that finds
/// itself with the wrong set must start again.
///
/// GFLOP/s of one core, OpenBLAS 0.3.21 on an AMD EPYC of family 26 with AVX-512, best of four
/// interleaved runs, 1024³ and 8192×64×576: Cooperlake (its own choice) 206 and 162, SkylakeX 206
/// and 151, Haswell 110 and 85, Zen 108 and 79, Nehalem 39 and 36, Prescott 41 and 33. So AVX-512
/// is worth a new start even from an AVX2 set; SkylakeX needs no more than any AVX-512 server CPU
/// has.
public struct BLASCoreType: Sendable {
  /// What of a CPU decides.
  public struct Processor: Hashable, Sendable {
    public enum Vendor: Sendable { case intel, amd }

    public let vectors: VectorUnits
    public let vendor: Vendor

    public init(vectors: VectorUnits, vendor: Vendor) {
      self.vectors = vectors
      self.vendor = vendor
    }

    /// The CPU that runs this.
    public static var current: Processor {
      let found = ck_processor()
      return Processor(
        vectors: VectorUnits(found.vectorUnits), vendor: found.amd ? .amd : .intel)
    }
  }

  /// Read by OpenBLAS when it is loaded.
  public static let coreTypeVariable = "OPENBLAS_CORETYPE"
  /// Set when this program has chosen the core type itself.
  public static let guardVariable = EnvironmentVariable.blasCoreChosen.rawValue

  private static let avx512Cores: Set = ["skylakex", "cooperlake", "sapphirerapids"]
  private static let avx2Cores: Set = ["haswell", "zen"]

  /// The kernel set in use, as OpenBLAS names it.
  public static var current: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// What OPENBLAS_CORETYPE should be; nil if `core` suits the processor or the user has set it.
  public static func advice(
    core: String, processor: Processor, environment: [String: String]
  ) -> String? {
    // OpenBLAS takes an empty value for none.
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

/// From now on matrix products run on the thread that asks for them.
public func useOneBLASThread() { openblas_set_num_threads(1) }
