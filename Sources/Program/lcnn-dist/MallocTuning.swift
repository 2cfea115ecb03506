#if canImport(Glibc)
  import Glibc
#endif

/// Settings of glibc's malloc that return freed large blocks to the system.
///
/// Most such blocks are buffers for reading data and models.
enum MallocTuning {
  /// Blocks of at least this size are mapped, and unmapped as soon as they are freed.
  private static let mappedBytes: Int32 = 4 << 20
  /// Number of free bytes at the end of the heap that malloc keeps.
  private static let keptBytes: Int32 = 8 << 20

  // The numbers are those of <malloc.h>, which Swift's Glibc module leaves out.
  private static let trimThreshold: Int32 = -1
  private static let mapThreshold: Int32 = -3
  private typealias SetOption = @convention(c) (Int32, Int32) -> Int32

  /// Fixes glibc's thresholds, which otherwise grow with every large block that is freed.
  ///
  /// Without this, up to 64 MiB of memory used only at the start would stay resident for the whole
  /// run. A C library without `mallopt` keeps its settings.
  static func apply() {
    guard let program = dlopen(nil, RTLD_NOW) else { return }
    defer { dlclose(program) }
    guard let symbol = dlsym(program, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    _ = setOption(mapThreshold, mappedBytes)
    _ = setOption(trimThreshold, keptBytes)
  }
}
