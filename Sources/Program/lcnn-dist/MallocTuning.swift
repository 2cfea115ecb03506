#if canImport(Glibc)
  import Glibc
#endif

/// Settings of glibc's malloc that return freed large blocks to the system.
///
/// Most such blocks are buffers for reading data and models.
enum MallocTuning {
  /// Blocks of this size or more are mapped, and unmapped as soon as they are freed.
  private static let mappedBytes: Int32 = 4 << 20
  /// Size of the heap's free end that malloc keeps.
  private static let keptBytes: Int32 = 8 << 20

  // From <malloc.h>, which Swift's Glibc module leaves out.
  private static let trimThreshold: Int32 = -1
  private static let mapThreshold: Int32 = -3
  private typealias SetOption = @convention(c) (Int32, Int32) -> Int32

  /// Fixes glibc's thresholds, which otherwise grow with every large block that is freed: up to 64 MiB
  /// that only the start needed would stay resident for the whole run.
  ///
  /// A C library without these options is left as it is.
  static func apply() {
    guard let program = dlopen(nil, RTLD_NOW) else { return }
    defer { dlclose(program) }
    guard let symbol = dlsym(program, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    _ = setOption(mapThreshold, mappedBytes)
    _ = setOption(trimThreshold, keptBytes)
  }
}
