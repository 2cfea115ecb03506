import Curvature
import Foundation
import Networks
import Robustness

/// The curvature at one time of a run, by ``CurvatureProbe``: named numbers in a fixed order.
public struct CurvatureSnapshot: Sendable, Equatable {
  /// The numbers; nil for one that is not finite or does not exist.
  public let columns: [(name: String, value: Double?)]
  public let samples: Int

  /// - Parameters:
  ///   - summary: nil where a derivative is not finite.
  ///   - bound: nil where a layer is not finite.
  init(samples: Int, summary: CurvatureSummary?, bound: NetworkBound?) {
    self.samples = samples
    var columns: [(name: String, value: Double?)] = []
    for (name, statistics) in [
      ("gradient-norm", summary?.gradientNorm), ("hessian-norm", summary?.hessianNorm),
      ("normalized", summary?.curvature),
    ] {
      columns += [
        ("curvature/\(name)/mean", statistics?.mean),
        ("curvature/\(name)/median", statistics?.median),
        ("curvature/\(name)/max", statistics?.maximum),
      ]
    }
    let constants = bound?.constants(of: .loss)
    columns += [
      ("curvature/bound/surrogate", bound?.surrogate),
      ("curvature/bound/gradient-norm", constants?.gradient),
      ("curvature/bound/hessian-norm", constants?.hessian),
    ]
    for layer in bound?.layers ?? [] {
      if let norms = layer.norms {
        columns.append(("norm/\(layer.name)/zero-padded", norms.zeroPadded))
        columns.append(("norm/\(layer.name)/certified", norms.certified))
      }
      if let gamma = layer.gamma { columns.append(("gamma/\(layer.name)", gamma)) }
      if let beta = layer.beta { columns.append(("beta/\(layer.name)", beta)) }
    }
    self.columns = columns.map { ($0.name, $0.value.flatMap { $0.isFinite ? $0 : nil }) }
  }

  /// The numbers that exist, by name.
  public var values: [String: Double] {
    Dictionary(
      columns.compactMap { column in column.value.map { (column.name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// One line for people.
  public var text: String {
    func number(_ name: String) -> String {
      values["curvature/\(name)"].map { String(format: "%.4g", $0) } ?? "–"
    }
    return "curvature of \(samples) test samples: C_f mean \(number("normalized/mean")), median "
      + "\(number("normalized/median")), max \(number("normalized/max")); ‖∇²f‖ mean "
      + "\(number("hessian-norm/mean")), at most \(number("bound/hessian-norm")) anywhere"
  }

  public static func == (a: CurvatureSnapshot, b: CurvatureSnapshot) -> Bool {
    a.samples == b.samples && a.columns.elementsEqual(b.columns, by: ==)
  }
}
