import Plots
import Testing

/// Ranges and ticks of axes.
@Suite struct AxisRangeTests {
  private static func range(_ scale: Axis.Scale, _ values: [Double]) -> AxisRange {
    AxisRange(Axis("x", scale), values: values, from: 0, to: 100, most: 6)
  }

  @Test(
    "every value lies within the frame, and there are two ticks or more",
    arguments: [
      (Axis.Scale.linear, [0.0, 1]), (.linear, [3.25, 3.25]), (.linear, [-1e9, 1e-9]),
      (.linear, [0, 0]), (.linear, []), (.fromZero, [97.5, 98]), (.fromZero, [0]),
      (.logarithmic, [1e-3, 1e-1]), (.logarithmic, [7, 7]), (.logarithmic, [4.1, 4.9]),
      (.logarithmic, [0, 5, -1, 80]), (.logarithmic, [1e-300, 1e300]), (.logarithmic, []),
    ])
  func frame(scale: Axis.Scale, values: [Double]) {
    let range = Self.range(scale, values)
    for value in values where range.axis.shows(value) {
      #expect((0...100).contains(range(value)), "\(value) of \(values)")
    }
    #expect(range.ticks.count >= 2 && range.ticks.count <= 12, "\(range.ticks.map(\.text))")
    #expect(range.ticks.allSatisfy { (0...100).contains(range($0.value)) })
    #expect(Set(range.ticks.map(\.text)).count == range.ticks.count, "\(range.ticks.map(\.text))")
  }

  @Test("ticks are round numbers in short words")
  func ticks() {
    #expect(
      Self.range(.linear, [0, 1]).ticks.map(\.text) == ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    #expect(Self.range(.linear, [0, 3e6]).ticks.map(\.text) == ["0", "10⁶", "2·10⁶", "3·10⁶"])
    #expect(
      Self.range(.logarithmic, [1, 1000]).ticks.map(\.text) == ["1", "10", "100", "1000"])
    #expect(Self.range(.categories(["a", "b"]), []).ticks.map(\.text) == ["a", "b"])
  }

  @Test("a logarithmic scale has no place for zero, and no scale has one for infinity")
  func places() {
    #expect(!Axis("x", .logarithmic).shows(0))
    #expect(!Axis("x").shows(.infinity) && !Axis("x").shows(.nan))
    #expect(Axis("x").shows(0))
  }
}
