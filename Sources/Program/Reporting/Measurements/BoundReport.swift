import Curvature
import Robustness

/// Report of a network's bounds: a text, and numbers in JSON.
public struct BoundReport: Encodable {
  /// A bound of a derivative of f beside the largest measured value.
  public struct Comparison: Encodable {
    public let bound: Double?
    /// Largest measured value over the samples; nil if none were measured.
    public let measured: Double?
    /// bound / measured.
    public var ratio: Double? {
      bound.flatMap { bound in measured.flatMap { $0 > 0 ? finite(bound / $0) : nil } }
    }

    init(bound: Double?, measured: Double?) {
      self.bound = bound.flatMap(finite)
      self.measured = measured
    }

    private enum CodingKeys: String, CodingKey { case bound, measured, ratio }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(bound, forKey: .bound)
      try container.encode(measured, forKey: .measured)
      try container.encode(ratio, forKey: .ratio)
    }
  }

  public let gradient: Comparison
  public let hessian: Comparison
  /// Comparison for the surrogate of C_f, which is not a true bound.
  public let surrogate: Comparison
  public let measuredSamples: Int
  private let network: NetworkBound

  private enum CodingKeys: String, CodingKey {
    case layers, gradient, hessian, surrogate
    case measuredSamples = "measured-samples"
  }

  /// - Parameter measured: measured geometry of f at some samples; may be empty.
  public init(
    _ network: NetworkBound, of function: ScalarFunction, measured: [NormalizedCurvature.Sample]
  ) {
    self.network = network
    let constants = network.constants(of: function)
    gradient = Comparison(
      bound: constants.gradient, measured: measured.map(\.gradientNorm).max())
    hessian = Comparison(bound: constants.hessian, measured: measured.map(\.hessianNorm).max())
    surrogate = Comparison(bound: network.surrogate, measured: measured.map(\.curvature).max())
    measuredSamples = measured.count
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(network.layers.map(LayerRow.init), forKey: .layers)
    try container.encode(gradient, forKey: .gradient)
    try container.encode(hessian, forKey: .hessian)
    try container.encode(surrogate, forKey: .surrogate)
    try container.encode(measuredSamples, forKey: .measuredSamples)
  }

  /// Table of layers, and the bounds of f beside the measured values.
  public var text: String {
    ([layers, comparisons] + remarks).joined(separator: "\n\n")
  }

  private var layers: String {
    var table = TextTable(header: [
      "layer", "map", "‖A‖ ≤", "‖A‖ ≥", "gap %", "β", "γ", "L so far", "L_D so far", "surrogate",
    ])
    for layer in network.layers {
      let numbers: [Double?] = [
        layer.norms?.certified, layer.norms?.zeroPadded, layer.norms.map { 100 * $0.gap },
        layer.beta, layer.gamma, layer.lipschitz, layer.jacobianLipschitz, layer.surrogateTerm,
      ]
      table.append([layer.name, layer.kind] + numbers.map { $0.map(TextTable.number) ?? "" })
    }
    return table.text
  }

  private var comparisons: String {
    var table = TextTable(header: [
      "over all inputs", "bound", "measured, \(measuredSamples) samples", "ratio",
    ])
    let rows: [(String, Comparison)] = [
      ("‖∇f‖", gradient), ("‖∇²f‖", hessian), ("C_f, surrogate, not a true bound", surrogate),
    ]
    for (name, row) in rows {
      table.append([name] + [row.bound, row.measured, row.ratio].map(TextTable.number))
    }
    return table.text
  }

  /// The reasons for numbers that do not exist.
  private var remarks: [String] {
    let jump = network.firstJump.map {
      "no global bound of curvature exists: gradients jump at layer \($0.name) (\($0.kind)); "
        + "radii are those of the Lipschitz constant"
    }
    let obstacle = network.surrogateObstacle.map { "no surrogate of C_f exists: \($0)" }
    return [jump, obstacle].compactMap { $0 }
  }
}

/// A layer in the file that --json writes; numbers that have overflowed are null.
private struct LayerRow: Encodable {
  let layer: NetworkBound.LayerBound

  private enum CodingKeys: String, CodingKey {
    case name, kind, beta, gamma, gap, lipschitz
    case certifiedNorm = "certified-norm"
    case zeroPaddedNorm = "zero-padded-norm"
    case largestRow = "largest-row"
    case jacobianLipschitz = "jacobian-lipschitz"
    case surrogateTerm = "surrogate-term"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(layer.name, forKey: .name)
    try container.encode(layer.kind, forKey: .kind)
    try container.encode(layer.beta, forKey: .beta)
    try container.encode(layer.gamma, forKey: .gamma)
    try container.encode(layer.norms?.certified, forKey: .certifiedNorm)
    try container.encode(layer.norms?.zeroPadded, forKey: .zeroPaddedNorm)
    try container.encode(layer.norms?.gap, forKey: .gap)
    try container.encode(layer.norms?.largestRow, forKey: .largestRow)
    try container.encode(finite(layer.lipschitz), forKey: .lipschitz)
    try container.encode(layer.jacobianLipschitz.flatMap(finite), forKey: .jacobianLipschitz)
    try container.encode(layer.surrogateTerm, forKey: .surrogateTerm)
  }
}

/// Returns the number; nil if a product of many norms has overflowed.
private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
