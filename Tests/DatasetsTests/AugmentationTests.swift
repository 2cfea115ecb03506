import Datasets
import Testing

@Suite struct AugmentationTests {
  private let dataset: Dataset

  init() throws {
    dataset = try DatasetSource.synthetic(
      height: 6, width: 5, channels: 3, classes: 2, count: 40, seed: 1
    ).load(.train, directory: nil)
  }

  /// One image by the fast or the plain way, written over a buffer of nonsense.
  private func image(
    _ write: (UnsafeMutableBufferPointer<Float>) -> Void
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: dataset.pixelsPerImage) { buffer, count in
      count = dataset.pixelsPerImage
      let image = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      image.initialize(repeating: .nan)
      write(image)
    }
  }

  @Test(
    "the image equals the one written pixel by pixel",
    arguments: [0, 1, 4, 9], Augmentation.Flip.allCases)
  func plain(padding: Int, flip: Augmentation.Flip) {
    let augmentation = Augmentation(padding: padding, flip: flip, seed: 7)
    for epoch in 0..<5 {
      for sample in 0..<dataset.count {
        let fast = image { augmentation.write(sample, of: dataset, epoch: epoch, into: $0) }
        let slow = image { augmentation.writePlainly(sample, of: dataset, epoch: epoch, into: $0) }
        #expect(fast == slow)
      }
    }
  }

  @Test("without augmentation an image is written as it is, divided by 255")
  func none() {
    let written = image { Augmentation.none.write(3, of: dataset, epoch: 0, into: $0) }
    let copied = image { dataset.copyImage(3, into: $0) }
    #expect(written == copied)
    #expect(written[0] == Float(dataset.pixels[3 * dataset.pixelsPerImage]) / 255)
  }

  @Test("every shift and both mirrorings occur about equally often")
  func distribution() {
    // One bright pixel in the middle of 5 × 5 shows where the image went.
    var pixels = [UInt8](repeating: 0, count: 25)
    pixels[12] = 255
    let point = Dataset(
      name: "point", split: .train, format: .init(height: 5, width: 5, channels: 1, classes: 1),
      pixels: pixels, labels: [0])
    let augmentation = Augmentation(padding: 2, flip: .none, seed: 3)
    var frequency = [Int](repeating: 0, count: 25)
    let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: 25)
    defer { output.deallocate() }
    for epoch in 0..<5000 {
      augmentation.write(0, of: point, epoch: epoch, into: output)
      for (place, value) in output.enumerated() where value == 1 { frequency[place] += 1 }
    }
    #expect(frequency.reduce(0, +) == 5000)
    // 200 ± five standard deviations of √200.
    for count in frequency { #expect(abs(count - 200) < 71) }

    let mirror = Augmentation(padding: 0, flip: .horizontal, seed: 3)
    let mirrored = (0..<1000).count { epoch in
      let written = image { mirror.write(0, of: dataset, epoch: epoch, into: $0) }
      return written != image { dataset.copyImage(0, into: $0) }
    }
    // 500 ± five standard deviations of √250.
    #expect(abs(mirrored - 500) < 80)
  }

  @Test("an image differs between epochs, samples and seeds")
  func keys() {
    let uniform = Dataset(
      name: "two alike", split: .train,
      format: .init(height: 9, width: 9, channels: 1, classes: 1),
      pixels: (0..<162).map { UInt8($0 % 81) }, labels: [0, 0])
    var images: Set<[Float]> = []
    for seed: UInt64 in 0..<3 {
      for epoch in 0..<3 {
        for sample in 0..<2 {
          let augmentation = Augmentation(padding: 4, flip: .horizontal, seed: seed)
          images.insert(
            [Float](unsafeUninitializedCapacity: 81) { buffer, count in
              buffer.initialize(repeating: 0)
              augmentation.write(
                sample, of: uniform, epoch: epoch,
                into: UnsafeMutableBufferPointer(rebasing: buffer[..<81]))
              count = 81
            })
        }
      }
    }
    // 18 draws out of 162 possible images: about one pair coincides.
    #expect(images.count >= 14)
  }
}
