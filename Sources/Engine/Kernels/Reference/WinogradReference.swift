/// The matrices of Winograd's convolution, computed from their points in double: the plain twin of
/// the transforms.
///
/// For finite points a and ∞, with M(x) = Π(x − a), Toom and Cook's algorithm F(m, r) has the
/// coefficients of M(x)/(x − aₖ) in row k of Bᵀ, (1, aₖ, …, aₖʳ⁻¹)/M′(aₖ) in row k of G and (1, aₖ,
/// …, aₖᵐ⁻¹) in column k of Aᵀ; for ∞ those of M in the last row of Bᵀ, (0, …, 1) in that of G and
/// in the last column of Aᵀ. Then Aᵀ[(G·w) ⊙ (Bᵀ·x)] are the m values Σ x[i + k]·w[k] of m + r − 1
/// inputs and r taps.
///
/// Stride 1 is F(4, 3). Stride 2 convolves the inputs at even positions with the outer taps by F(4,
/// 2), and multiplies the inputs at odd positions by the middle tap. Images of 2×2 at stride 1,
/// whose outer inputs are padding, take y₀ = w₁·x₀ + w₂·x₁ and y₁ = w₀·x₀ + w₁·x₁ by three
/// products, w₁·(x₀ + x₁), (w₂ − w₁)·x₁ and (w₀ − w₁)·x₀, like the multiplication of Karatsuba and
/// Ofman, 1962.
/// - Source: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast
///   Algorithms for Convolutional Neural Networks, 2016, https://arxiv.org/abs/1509.09308
public struct WinogradReference {
  public typealias Matrix = [[Double]]

  /// The form of the tiles.
  public enum Form: CaseIterable, Sendable {
    case stride1, stride2, twoByTwo

    public var stride: Int { self == .stride2 ? 2 : 1 }
  }

  /// Bᵀ, from the inputs along a tile to its coefficients.
  public let input: Matrix
  /// G, from 3 taps to 6 frequencies along an axis, or 3.
  public let weight: Matrix
  /// Aᵀ, from coefficients to 4 outputs, or 2.
  public let output: Matrix
  /// The frequency of each coefficient.
  public let frequencies: [Int]

  /// The inputs along a tile that are not always padding.
  public let inputs: Range<Int>

  public init(_ form: Form) {
    let (half, two) = (0.5.squareRoot(), 2.0.squareRoot())
    switch form {
    case .stride1:
      let minimal = MinimalFilter(taps: 3, points: [0, half, -half, two, -two])
      (input, weight, output) = (minimal.input, minimal.weight, minimal.output)
      frequencies = Array(0..<6)
      inputs = 0..<6
    case .twoByTwo:
      input = [[0, 1, 1], [0, 0, 1], [0, 1, 0]]
      weight = [[0, 1, 0], [0, -1, 1], [1, -1, 0]]
      output = [[1, 1, 0], [1, 0, 1]]
      frequencies = Array(0..<3)
      inputs = 1..<3
    case .stride2:
      let even = MinimalFilter(taps: 2, points: [1, -1, 0.5, -0.5])
      let odd = 0..<4
      input =
        even.input.map { row in (0..<9).map { $0 % 2 == 0 ? row[$0 / 2] : 0 } }
        + odd.map { place in (0..<9).map { $0 == 2 * place + 1 ? 1 : 0 } }
      weight = even.weight.map { [$0[0], 0, $0[1]] } + [[0, 1, 0]]
      output = odd.map { row in even.output[row] + odd.map { $0 == row ? 1 : 0 } }
      frequencies = Array(0..<5) + odd.map { _ in 5 }
      inputs = 0..<9
    }
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

  private static func sum(_ indices: Range<Int>, _ term: (Int) -> Double) -> Double {
    indices.reduce(0) { $0 + term($1) }
  }
}

/// The matrices of F(4, taps) for some finite points and ∞.
private struct MinimalFilter {
  let input: WinogradReference.Matrix
  let weight: WinogradReference.Matrix
  let output: WinogradReference.Matrix

  init(taps: Int, points: [Double]) {
    func powers(_ a: Double, _ count: Int) -> [Double] {
      (0..<count).map { (0..<$0).reduce(1) { power, _ in power * a } }
    }
    func unit(_ count: Int) -> [Double] { (0..<count).map { $0 == count - 1 ? 1 : 0 } }
    func others(_ k: Int) -> [Double] { points.indices.filter { $0 != k }.map { points[$0] } }
    input =
      points.indices.map { MinimalFilter.product(others($0)) + [0] }
      + [MinimalFilter.product(points)]
    weight =
      points.indices.map { k in
        let derivative = others(k).reduce(1) { $0 * (points[k] - $1) }
        return powers(points[k], taps).map { $0 / derivative }
      } + [unit(taps)]
    let columns = points.map { powers($0, 4) } + [unit(4)]
    output = (0..<4).map { row in columns.map { $0[row] } }
  }

  /// The coefficients of Π(x − root), lowest power first.
  private static func product(_ roots: [Double]) -> [Double] {
    roots.reduce([1]) { polynomial, root in
      let raised = [0] + polynomial
      let scaled = polynomial.map { -root * $0 } + [0]
      return zip(raised, scaled).map { $0 + $1 }
    }
  }
}
