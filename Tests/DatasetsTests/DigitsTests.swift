import Datasets
import Testing

@Suite struct DigitsTests {
  @Test("the splits hold 1797 samples, every class four fifths in training")
  func stratified() throws {
    let train = try DatasetSource.digits.load(.train, directory: nil)
    let test = try DatasetSource.digits.load(.test, directory: nil)
    #expect(train.count + test.count == 1797)
    // The numbers of samples of the classes 0 … 9 in the source.
    let totals = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    for (label, total) in totals.enumerated() {
      #expect(train.labels.count { $0 == label } == total - total / 5)
      #expect(test.labels.count { $0 == label } == total / 5)
    }
  }

  @Test("images are the file's lines, scaled to [0, 1]")
  func values() throws {
    let train = try DatasetSource.digits.load(.train, directory: nil)
    #expect((train.height, train.width, train.channels, train.classes) == (8, 8, 1, 10))
    #expect(train.pixels[..<16] == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    #expect(train.labels[..<10] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(train.format.pixelMaximum == 16)
    let image = UnsafeMutableBufferPointer<Float>.allocate(capacity: 64)
    defer { image.deallocate() }
    for index in 0..<train.count {
      train.copyImage(index, into: image)
      #expect(image.allSatisfy { (0...1).contains($0) })
    }
    train.copyImage(0, into: image)
    #expect(image[3] == 0.8125)
  }
}
