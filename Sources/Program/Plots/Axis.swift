/// One axis of a plot: its title, its unit and its scale.
public struct Axis: Sendable, Equatable {
  public enum Scale: Sendable, Equatable {
    case linear
    /// A linear scale that begins at 0.
    case fromZero
    /// Values that are not positive are left out.
    case logarithmic
    /// The values are indices of these names.
    case categories([String])
  }

  public let title: String
  /// Unit of the numbers, such as `%` or `ms`; nil for numbers without one.
  public let unit: String?
  public let scale: Scale

  public init(_ title: String, unit: String? = nil, _ scale: Scale = .linear) {
    self.title = title
    self.unit = unit
    self.scale = scale
  }

  /// Title with the unit, as it stands beside the axis.
  public var label: String { unit.map { "\(title), \($0)" } ?? title }

  /// Whether the scale has a place for the value.
  package func shows(_ value: Double) -> Bool {
    value.isFinite && (scale != .logarithmic || value > 0)
  }

  /// A value of the axis in words, with its unit.
  func text(_ value: Double) -> String {
    if case .categories(let names) = scale {
      let index = Int(value.rounded())
      return names.indices.contains(index) ? names[index] : ""
    }
    return NumberText.short(value) + (unit.map { " \($0)" } ?? "")
  }
}
