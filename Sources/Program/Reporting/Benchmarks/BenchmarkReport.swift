import Benchmarks

/// Text report of a benchmark, as tables.
public struct BenchmarkReport {
  private let findings: Benchmark.Findings

  public init(_ findings: Benchmark.Findings) { self.findings = findings }

  /// Returns the conditions, followed by the requested sections.
  public func text(_ asked: Set<BenchmarkSection>) -> String {
    let sections = BenchmarkSection.allCases.filter(asked.contains).map { section in
      "\(section.rawValue.uppercased())\n\(text(section))"
    }
    return ([conditions] + sections).joined(separator: "\n\n")
  }

  private var conditions: String {
    var lines = findings.placement.nodes.map(\.description)
    lines.append("load before the start: \(TextTable.number(findings.loadBefore))")
    if findings.loadBefore > Self.quietLoad {
      lines.append("The machine is not quiet: other programs slow down what is measured.")
    }
    if findings.placement.isOversubscribed {
      lines.append(
        "There are more ranks than cores: ranks share a core, and times include the wait for it.")
    }
    if findings.effort == .quick {
      lines.append("Quick: each measurement is repeated only a few times.")
    }
    return lines.joined(separator: "\n")
  }

  /// Load below which the machine counts as quiet: half a task.
  private static let quietLoad = 0.5

  private func text(_ section: BenchmarkSection) -> String {
    switch section {
    case .machine:
      return findings.machine?.table ?? ""
    case .kernels:
      guard let machine = findings.machine, let kernels = findings.kernels else { return "" }
      return kernels.tables(machine)
    case .step:
      guard let machine = findings.machine, let step = findings.step else { return "" }
      return step.tables(machine)
    case .arms:
      return findings.arms?.text ?? ""
    case .allreduce:
      return findings.allreduce?.tables ?? Self.oneRank("there is nothing to sum")
    case .overlap:
      return findings.overlap?.text ?? Self.oneRank("there is nothing to sum")
    case .scaling:
      return findings.scaling?.text(isOversubscribed: findings.placement.isOversubscribed)
        ?? (isOneRank
          ? Self.oneRank("there is no rank to compare it with")
          : "not every rank has samples: nothing to compare")
    case .reproducible:
      return findings.reproducible?.text ?? ""
    case .diagnosis:
      return findings.diagnosis?.text
        ?? (isOneRank
          ? Self.oneRank("there is no rank to wait for")
          : "--watchdog off: there is nothing to turn on and off")
    case .observation:
      return findings.observation?.text ?? ""
    case .model:
      guard findings.refusal == nil else { return Self.refusal }
      return findings.model?.tables ?? ""
    }
  }

  private var isOneRank: Bool {
    findings.placement.nodes.reduce(0) { $0 + $1.ranks } == 1
  }

  private static func oneRank(_ consequence: String) -> String {
    "one rank: \(consequence); start more ranks with --threads or mpirun -n"
  }

  private static let refusal = """
    no prediction: there are more ranks than cores, so their computing time says nothing about
    ranks that have a core each; start at most one rank per core
    """
}
