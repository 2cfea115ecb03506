import Tensors
import Testing

/// A layout beside its definition in plain index arithmetic.
struct LayoutCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let layout: CheckpointLayout
  /// The shape in the checkpoint.
  let listed: [Int]
  /// The engine's extents.
  let engine: [Int]
  /// The offset in the checkpoint of the engine's element (a, b, c, d).
  let offset: @Sendable (Int, Int, Int, Int) -> Int

  static let all = [
    LayoutCase(
      testDescription: "unchanged", layout: .unchanged([3, 4]), listed: [3, 4],
      engine: [3, 4, 1, 1], offset: { a, b, _, _ in a * 4 + b }),
    LayoutCase(
      testDescription: "scalar", layout: .unchanged([]), listed: [], engine: [1, 1, 1, 1],
      offset: { _, _, _, _ in 0 }),
    LayoutCase(
      testDescription: "kernel",
      layout: .kernel(height: 2, width: 3, inputs: 4, outputs: 5), listed: [5, 4, 2, 3],
      engine: [2, 3, 4, 5], offset: { h, w, i, o in ((o * 4 + i) * 2 + h) * 3 + w }),
    LayoutCase(
      testDescription: "linear",
      layout: .linear(height: 2, width: 3, channels: 4, outputs: 5), listed: [5, 24],
      engine: [2, 3, 4, 5], offset: { h, w, c, o in o * 24 + (c * 2 + h) * 3 + w }),
    LayoutCase(
      testDescription: "image", layout: .image(height: 2, width: 3, channels: 4),
      listed: [1, 4, 2, 3], engine: [1, 2, 3, 4], offset: { _, h, w, c in (c * 2 + h) * 3 + w }),
    LayoutCase(
      testDescription: "flattened image",
      layout: .flattenedImage(height: 2, width: 3, channels: 4), listed: [24],
      engine: [1, 2, 3, 4], offset: { _, h, w, c in (c * 2 + h) * 3 + w }),
  ]
}

@Suite struct CheckpointLayoutTests {
  @Test("every element goes where plain index arithmetic puts it", arguments: LayoutCase.all)
  func elements(_ layout: LayoutCase) throws {
    let count = layout.engine.reduce(1, *)
    #expect(layout.layout.checkpointShape == layout.listed)
    #expect(layout.layout.count == count)
    let (tensor, arena) = try Arena.plan { $0.tensor(Shape(layout.engine)) }
    layout.layout.load((0..<count).map { Float($0) }, into: tensor)
    let extents = layout.engine
    var index = 0
    for a in 0..<extents[0] {
      for b in 0..<extents[1] {
        for c in 0..<extents[2] {
          for d in 0..<extents[3] {
            #expect(tensor[index] == Float(layout.offset(a, b, c, d)), "(\(a), \(b), \(c), \(d))")
            index += 1
          }
        }
      }
    }
    withExtendedLifetime(arena) {}
  }

  @Test("loaded values are stored again, element by element", arguments: LayoutCase.all)
  func roundTrip(_ layout: LayoutCase) throws {
    let values = (0..<layout.layout.count).map { 0.5 + Float($0) }
    let (tensor, arena) = try Arena.plan { $0.tensor(Shape(layout.engine)) }
    layout.layout.load(values, into: tensor)
    #expect(layout.layout.store(tensor) == values)
    let rows = (0..<layout.layout.rows).map { layout.layout.store(tensor, rows: $0..<$0 + 1) }
    #expect(Array(rows.joined()) == values)
    withExtendedLifetime(arena) {}
  }
}
