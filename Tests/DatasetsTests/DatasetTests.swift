import Datasets
import Testing

@Suite struct DatasetTests {
  private let dataset = Dataset(
    name: "three", split: .train, format: .init(height: 1, width: 2, channels: 1, classes: 300),
    pixels: [97, 98, 99, 100, 101, 102], labels: [0, 299, 258])

  @Test("the digest is SHA-256 of the pixels and the little-endian labels")
  func digest() {
    // printf 'abcdef\0\0\53\1\2\1' | sha256sum
    #expect(
      dataset.sha256() == "21ee18f5938a56e67647b97b8073f21d5083ec3f9ffb0cbf224553b2080a7f0f")
    #expect(dataset.prefix(2).sha256() != dataset.sha256())
  }

  @Test("a prefix holds the first samples")
  func prefix() {
    let two = dataset.prefix(2)
    #expect(two.pixels == [97, 98, 99, 100])
    #expect(two.labels == [0, 299])
    #expect(dataset.prefix(0).count == 0)
  }
}
