/// The bumps of the Square attack in L2: two pyramids of opposite signs side by side, as large as a
/// window.
///
/// η^(h₁,h₂)_{r,s} = Σ_{k=0…M(r,s)} 1/(n + 1 − k)² with n = ⌊h₁/2⌋ and M(r,s) = n − max(|r − ⌊h₁/2⌋
/// − 1|, |s − ⌊h₂/2⌋ − 1|), r and s from 1. The pattern is η^(h,k) beside −η^(h,h−k), k = ⌊h/2⌋.
/// - Source: Andriushchenko et al., "Square attack", ECCV 2020, §3.4.
package enum SquarePattern {
  /// The arrangement of the pyramids: side by side, or one above the other.
  package enum Orientation { case horizontal, vertical }

  /// side × side numbers, row by row, of L2 norm 1.
  package static func values(side: Int, _ orientation: Orientation) -> [Float] {
    let half = side / 2
    var pattern = [Double](repeating: 0, count: side * side)
    for row in 0..<side {
      for column in 0..<side {
        let value =
          column < half
          ? pyramid(row + 1, column + 1, height: side, width: half)
          : -pyramid(row + 1, column - half + 1, height: side, width: side - half)
        pattern[orientation == .horizontal ? row * side + column : column * side + row] = value
      }
    }
    let norm = pattern.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return pattern.map { Float($0 / norm) }
  }

  private static func pyramid(_ row: Int, _ column: Int, height: Int, width: Int) -> Double {
    let n = height / 2
    let rings = n - max(abs(row - height / 2 - 1), abs(column - width / 2 - 1))
    guard rings >= 0 else { return 0 }
    return (0...rings).reduce(0) { $0 + 1 / Double((n + 1 - $1) * (n + 1 - $1)) }
  }
}
