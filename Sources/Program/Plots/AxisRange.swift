import Foundation

/// The part of an axis that a plot shows, its ticks, and the pixels they lie at.
package struct AxisRange {
  package struct Tick {
    package let value: Double
    package let text: String
  }

  package let axis: Axis
  package let lower: Double
  package let upper: Double
  package let ticks: [Tick]
  private let start: Double
  private let end: Double

  /// - Parameters:
  ///   - values: the values to be shown; those that the scale has no place for are left out.
  ///   - start: pixel of the lower end.
  ///   - end: pixel of the upper end.
  ///   - most: number of ticks that there is room for.
  ///   - margin: share of the range that is left free at either end.
  package init(
    _ axis: Axis, values: [Double], from start: Double, to end: Double, most: Int,
    margin: Double = 0.04
  ) {
    self.axis = axis
    self.start = start
    self.end = end
    let shown = values.filter(axis.shows)
    let least = shown.min() ?? (axis.scale == .logarithmic ? 1 : 0)
    let largest = shown.max() ?? least
    switch axis.scale {
    case .categories(let names):
      (lower, upper) = (-0.5, Double(max(names.count, 1)) - 0.5)
      ticks = names.enumerated().map { Tick(value: Double($0.offset), text: $0.element) }
    case .logarithmic:
      let (first, last) = (log(least), log(largest))
      let room = last - first > 0.05 ? (last - first) * 0.04 : log(2)
      // A frame beyond the range of numbers has no ends.
      (lower, upper) = (exp(max(first - room, -700)), exp(min(last + room, 700)))
      ticks = Self.logarithmic(lower, upper, most)
    case .linear, .fromZero:
      let bottom = axis.scale == .fromZero ? min(0, least) : least
      let span = largest - bottom
      // A constant gets room above and below, and zero alone the range from 0 to 1.
      let room = span > 0 ? span * margin : max(abs(largest) * 0.1, 0.5)
      (lower, upper) = (
        axis.scale == .fromZero && bottom == 0 ? 0 : bottom - room, largest + room
      )
      ticks = Self.linear(lower, upper, most)
    }
  }

  /// Pixel of a value.
  package func callAsFunction(_ value: Double) -> Double {
    let share =
      axis.scale == .logarithmic
      ? (log(value) - log(lower)) / (log(upper) - log(lower)) : (value - lower) / (upper - lower)
    return start + share * (end - start)
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private static func linear(_ lower: Double, _ upper: Double, _ most: Int) -> [Tick] {
    let raw = (upper - lower) / Double(max(most, 2))
    let power = pow(10, floor(log10(raw)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw } ?? 10 * power
    let (first, last) = (Int(ceil(lower / step)), Int(floor(upper / step)))
    guard first <= last else { return [] }
    return (first...last).map { index in
      // The quotient is exact where the product would show the rounding of the step.
      let value = step < 1 ? Double(index) / (1 / step).rounded() : Double(index) * step
      return Tick(value: value, text: NumberText.short(value))
    }
  }

  /// Powers of ten, fewer or with 2 and 5 between them as there is room.
  private static func logarithmic(_ lower: Double, _ upper: Double, _ most: Int) -> [Tick] {
    let (first, last) = (Int(floor(log10(lower))), Int(ceil(log10(upper))))
    let decades = max(last - first, 1)
    let stride = max(1, (decades + most - 1) / most)
    let digits: [Double] = decades * 3 <= most ? [1, 2, 5] : [1]
    let ticks = Swift.stride(from: first, through: last, by: stride).flatMap { exponent in
      digits.map { $0 * pow(10, Double(exponent)) }
    }.filter { $0 >= lower && $0 <= upper }
    // A range within one decade may hold no power of ten.
    if ticks.count < 2 {
      return linear(lower, upper, max(most, 6)).filter { $0.value > 0 }
    }
    return ticks.map { Tick(value: $0, text: NumberText.short($0)) }
  }
}
