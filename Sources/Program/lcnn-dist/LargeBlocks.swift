#if canImport(Glibc)
  import Glibc
#endif

/// What becomes of large blocks of the heap that are freed: those of reading data and models, for the most part.
enum LargeBlocks {
  /// Blocks of this size or more are the system's again as soon as they are freed.
  private static let mappedBytes: Int32 = 4 << 20
  /// So much of the heap's free end is kept.
  private static let keptBytes: Int32 = 8 << 20

  // Of <malloc.h>, which Swift's Glibc leaves out.
  private static let trimThreshold: Int32 = -1
  private static let mapThreshold: Int32 = -3
  private typealias SetOption = @convention(c) (Int32, Int32) -> Int32

  /// Has glibc keep its first thresholds: left to itself it raises them with every large block that is freed,
  /// and up to 64 MiB of what a start needed stay resident for the whole run.
  ///
  /// Nothing depends on it, so a C library without these options is left as it is.
  static func giveBack() {
    guard let program = dlopen(nil, RTLD_NOW) else { return }
    defer { dlclose(program) }
    guard let symbol = dlsym(program, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    _ = setOption(mapThreshold, mappedBytes)
    _ = setOption(trimThreshold, keptBytes)
  }
}
