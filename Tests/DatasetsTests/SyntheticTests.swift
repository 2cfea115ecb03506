import Datasets
import Testing

@Suite struct SyntheticTests {
  private func load(_ split: Dataset.Split, count: Int, seed: UInt64) throws -> Dataset {
    try DatasetSource.synthetic(
      height: 4, width: 4, channels: 3, classes: 5, count: count, seed: seed
    ).load(split, directory: nil)
  }

  @Test("images depend on the seed, the split and their number only")
  func reproducible() throws {
    let ten = try load(.train, count: 10, seed: 1)
    let twenty = try load(.train, count: 20, seed: 1)
    #expect(twenty.prefix(10).sha256() == ten.sha256())
    #expect(try load(.train, count: 10, seed: 2).sha256() != ten.sha256())
    #expect(try load(.test, count: 10, seed: 1).sha256() != ten.sha256())
    #expect(ten.labels == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
  }

  @Test("test images are nearest to the training images of their own class")
  func learnable() throws {
    let train = try load(.train, count: 500, seed: 3)
    let test = try load(.test, count: 100, seed: 3)
    let numbers = train.pixelsPerImage
    var means = [[Double]](repeating: [Double](repeating: 0, count: numbers), count: 5)
    for sample in 0..<train.count {
      for position in 0..<numbers {
        means[sample % 5][position] += Double(train.pixels[sample * numbers + position]) / 100
      }
    }
    let right = (0..<test.count).count { sample in
      let distances = means.map { mean in
        (0..<numbers).reduce(0.0) { sum, position in
          let difference = Double(test.pixels[sample * numbers + position]) - mean[position]
          return sum + difference * difference
        }
      }
      return distances[sample % 5] == distances.min()
    }
    #expect(right >= 95)
  }
}
