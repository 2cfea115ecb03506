import Tensors
import Testing

@Suite struct ShapeTests {
  @Test(
    "a shape counts its elements and those of one entry",
    arguments: [
      ([], 1, 1), ([7], 7, 1), ([3, 5], 15, 5), ([2, 3, 4, 5], 120, 60), ([0, 4], 0, 4),
    ] as [([Int], Int, Int)])
  func counts(extents: [Int], count: Int, stride: Int) {
    let shape = Shape(extents)
    #expect(shape.rank == extents.count)
    #expect(shape.array == extents)
    #expect(shape.count == count)
    #expect(shape.stride == stride)
    #expect(shape.description == "\(extents)")
  }

  @Test("shapes of another rank differ, even where they hold as many elements")
  func equality() {
    #expect(Shape(length: 3) != Shape(rows: 3, columns: 1))
    #expect(Shape(rows: 3, columns: 2) == [3, 2])
    #expect(Set([Shape(length: 1), [1], [1, 1], []]).count == 3)
  }

  @Test("another first extent leaves the others")
  func withFirst() {
    let shape = Shape(samples: 8, height: 3, width: 4, channels: 5)
    #expect(shape.withFirst(2) == [2, 3, 4, 5])
    #expect(shape.withFirst(0).count == 0)
    #expect([shape.samples, shape.height, shape.width, shape.channels] == [8, 3, 4, 5])
  }
}
