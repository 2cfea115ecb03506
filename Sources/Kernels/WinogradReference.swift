/// The matrices of Winograd's F(4×4, 3×3) from their points, in double: the transforms' plain twin.
///
/// For the finite points a = 0, √½, −√½, √2, −√2 and ∞, with M(x) = Π(x − a), Toom and Cook's
/// algorithm has the coefficients of M(x)/(x − aₖ) in row k of Bᵀ, (1, aₖ, aₖ²)/M′(aₖ) in row k of
/// G and (1, aₖ, aₖ², aₖ³) in column k of Aᵀ; for ∞ those of M in the last row of Bᵀ, (0, 0, 1) in
/// that of G and (0, 0, 0, 1) in the last column of Aᵀ. Then Aᵀ[(G·w) ⊙ (Bᵀ·x)] are the 4 values
/// Σ x[i + k]·w[k] of 6 inputs and 3 taps.
/// - Source: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast
///   Algorithms for Convolutional Neural Networks, 2016, https://arxiv.org/abs/1509.09308
public enum WinogradReference {
  public typealias Matrix = [[Double]]

  static let points = [0, 0.5.squareRoot(), -0.5.squareRoot(), 2.0.squareRoot(), -2.0.squareRoot()]

  /// Bᵀ, 6×6.
  public static let input: Matrix =
    points.indices.map { skipped in
      product(points.indices.filter { $0 != skipped }.map { points[$0] }) + [0]
    } + [product(points)]

  /// G, 6×3.
  public static let weight: Matrix =
    points.indices.map { row in
      let a = points[row]
      let derivative = points.indices.filter { $0 != row }.reduce(1) { $0 * (a - points[$1]) }
      return [1 / derivative, a / derivative, a * a / derivative]
    } + [[0, 0, 1]]

  /// Aᵀ, 4×6.
  public static let output: Matrix = (0..<4).map { power in
    points.map { a in (0..<power).reduce(1) { value, _ in value * a } } + [power == 3 ? 1 : 0]
  }

  /// matrix·tile·matrixᵀ.
  public static func transform(_ tile: Matrix, by matrix: Matrix) -> Matrix {
    let half = matrix.map { row in
      tile[0].indices.map { column in sum(row.indices) { row[$0] * tile[$0][column] } }
    }
    return half.map { row in
      matrix.map { other in sum(other.indices) { row[$0] * other[$0] } }
    }
  }

  /// The coefficients of Π(x − root), lowest power first.
  private static func product(_ roots: [Double]) -> [Double] {
    roots.reduce([1]) { polynomial, root in
      let raised = [0] + polynomial
      let scaled = polynomial.map { -root * $0 } + [0]
      return zip(raised, scaled).map { $0 + $1 }
    }
  }

  private static func sum(_ indices: Range<Int>, _ term: (Int) -> Double) -> Double {
    indices.reduce(0) { $0 + term($1) }
  }
}
