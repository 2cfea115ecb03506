/// An environment variable of this project; the raw value is its name.
///
/// This list holds every variable that the program and its tests read. The documentation prints it.
public enum EnvironmentVariable: String, CaseIterable, Sendable {
  case allowSingle = "LCNN_ALLOW_SINGLE"
  case faultInjection = "LCNN_DIST_DRILL"
  case blasCoreChosen = "LCNN_BLAS_CORE_CHOSEN"
  case checkout = "LCNN_DIST_HOME"
  case fixtures = "LCNN_FIXTURES"
  case fuzzInputs = "LCNN_FUZZ_INPUTS"
  case sharedData = "LCNN_SHARED"
  case vectorUnits = "LCNN_VECTOR_UNITS"

  /// A reader of environment variables.
  public enum Reader: String, Sendable { case program, scripts, tests }

  public var reader: Reader {
    switch self {
    case .allowSingle, .faultInjection, .blasCoreChosen: .program
    case .checkout: .scripts
    case .fixtures, .fuzzInputs, .sharedData, .vectorUnits: .tests
    }
  }

  /// The effect of the variable, for the documentation.
  public var effect: String {
    switch self {
    case .allowSingle:
      "`1` allows one rank, started without a launcher, in a Slurm allocation for several"
    case .faultInjection:
      "`FAULT:rank=R,step=S` makes rank R fail in step S of `train`"
    case .blasCoreChosen:
      "the program sets it when it restarts itself with other OpenBLAS kernels; do not set it"
    case .checkout:
      "the checkout, for the job scripts of Slurm; by default the folder in which sbatch was called"
    case .fixtures:
      "a folder of reference cases, which are tested instead of those of the repository"
    case .fuzzInputs:
      "the number of damaged inputs that each reader of files gets in its test; by default a few hundred"
    case .sharedData:
      "a folder of data sets, for the tests that read real data"
    case .vectorUnits:
      "`amx`, `avx512`, `avx2` or `portable`: the vector units that kernels use in tests"
    }
  }

  /// The value in `environment`; nil if the variable is not set.
  public func value(in environment: [String: String]) -> String? { environment[rawValue] }
}
