/// Cells of rows × columns.
public struct HeatMap: Sendable, Equatable {
  /// Number of columns that a plot of this size can show.
  private static let most = 40

  /// The numbers in the cells.
  public let values: [[Double?]]
  /// Meaning of the numbers in the cells.
  public let value: Axis
  /// The values of x, one for each column.
  public let columns: [Double]
  /// The values of y, one for each row; nil where rows are the categories of the plot's y axis.
  public let rows: [Double]?
  /// Numbers that the colors must cover too, so that several maps have the same colors.
  public let colors: ClosedRange<Double>?

  /// - Parameter values: rows × columns; of more than forty columns, evenly spaced ones are kept.
  public init(
    _ value: Axis, columns: [Double], rows: [Double]? = nil, values: [[Double?]],
    colors: ClosedRange<Double>? = nil
  ) {
    self.value = value
    self.rows = rows
    self.colors = colors
    let stride = max(1, (columns.count + Self.most - 1) / Self.most)
    let kept = columns.indices.filter { $0 % stride == 0 || $0 == columns.count - 1 }
    self.columns = kept.map { columns[$0] }
    self.values = values.map { row in kept.map { row[$0] } }
  }

  /// Half of the distance between two columns.
  var halfWidth: Double { Self.half(columns) }

  /// Half of the distance between two rows.
  var halfHeight: Double { rows.map(Self.half) ?? 0.5 }

  /// Value of y at a row.
  func place(ofRow row: Int) -> Double { rows?[row] ?? Double(row) }

  /// The values that the colors cover.
  var colored: [Double] {
    values.flatMap { $0.compactMap { $0 } }
      + (colors.map { [$0.lowerBound, $0.upperBound] } ?? [])
  }

  private static func half(_ places: [Double]) -> Double {
    guard let first = places.first, let last = places.last, places.count > 1 else { return 0.5 }
    return (last - first) / Double(places.count - 1) / 2
  }
}
