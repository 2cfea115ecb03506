/// Buffers of one batch, aligned to cache lines; the caller that allocates them frees them.
struct BatchMemory {
  let images: UnsafeMutableBufferPointer<Float>
  let labels: UnsafeMutableBufferPointer<Int32>
  let sampleIndices: UnsafeMutableBufferPointer<Int32>

  /// Allocates memory for `samples` samples of `numbers` numbers each.
  init(samples: Int, numbers: Int) {
    images = Self.allocate(count: samples * numbers, filledWith: 0)
    labels = Self.allocate(count: samples, filledWith: 0)
    sampleIndices = Self.allocate(count: samples, filledWith: 0)
  }

  func deallocate() {
    images.deallocate()
    labels.deallocate()
    sampleIndices.deallocate()
  }

  static func allocate<Element: BitwiseCopyable>(
    count: Int, filledWith value: Element
  ) -> UnsafeMutableBufferPointer<Element> {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
    let typed = raw.initializeMemory(as: Element.self, repeating: value, count: count)
    return UnsafeMutableBufferPointer(start: typed, count: count)
  }
}
