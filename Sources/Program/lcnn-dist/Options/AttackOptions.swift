import ArgumentParser
import Robustness
import Surveys

/// Options for the norm, the radii, the attacks and their effort.
struct AttackOptions: ParsableArguments {
  private static let ensemble = "autoattack"
  private static let defaults = AttackPlan.Effort()

  @Option(help: "norm of the ball in which the attacker may move an image")
  var norm: ThreatModel.Norm = .l2

  @Option(
    help: ArgumentHelp(
      """
      radii ε of the ball, numbers or fractions (default: 0.05,0.1,0.15,0.2 for l2, \
      1/255,2/255,4/255,8/255 for linf)
      """, valueName: "list"))
  var epsilons: String?

  @Option(
    name: .customLong("attack"),
    help: ArgumentHelp(
      """
      attacks in order: pgd, apgd-ce, apgd-t, fab-t, square, or autoattack for \
      apgd-ce,apgd-t,fab-t,square
      """, valueName: "list"))
  var attacks = AttackPlan.Kind.pgd.rawValue

  @Option(help: ArgumentHelp("steps of pgd", valueName: "n"))
  var steps = defaults.pgdSteps

  @Option(help: ArgumentHelp("random starts of pgd", valueName: "n"))
  var restarts = defaults.pgdStarts

  @Option(
    help: ArgumentHelp(
      "iterations of apgd-ce, and of apgd-t and fab-t for each target", valueName: "n"))
  var iterations = defaults.iterations

  @Option(help: ArgumentHelp("most classes that apgd-t and fab-t aim at", valueName: "n"))
  var targets = defaults.targets

  @Option(help: ArgumentHelp("queries of square", valueName: "n"))
  var queries = defaults.queries

  func validate() throws {
    for name in AttackPlan.Effort.Name.allCases where effort[name] < 1 {
      throw ValidationError("--\(name.rawValue) \(effort[name]) must be at least 1")
    }
    _ = try radii()
    _ = try kinds()
  }

  private var effort: AttackPlan.Effort {
    var effort = AttackPlan.Effort()
    effort.pgdSteps = steps
    effort.pgdStarts = restarts
    effort.iterations = iterations
    effort.targets = targets
    effort.queries = queries
    return effort
  }

  func plan(seed: UInt64) throws -> AttackPlan {
    AttackPlan(norm, epsilons: try radii(), kinds: try kinds(), effort: effort, seed: seed)
  }

  private func radii() throws -> [Double] {
    try epsilons.map { try NumberList.parse($0, of: "--epsilons", .positive) }
      ?? norm.usualEpsilons
  }

  private func kinds() throws -> [AttackPlan.Kind] {
    let known = AttackPlan.Kind.allCases.map(\.rawValue) + [Self.ensemble]
    var kinds: [AttackPlan.Kind] = []
    for name in attacks.split(separator: ",", omittingEmptySubsequences: false) {
      if name == Self.ensemble {
        kinds += AttackPlan.autoAttack
      } else if let kind = AttackPlan.Kind(rawValue: String(name)) {
        kinds.append(kind)
      } else {
        throw ValidationError(
          "--attack \(attacks): there is no attack \"\(name)\", "
            + "expected \(known.joined(separator: ", "))")
      }
    }
    guard Set(kinds).count == kinds.count else {
      throw ValidationError("--attack \(attacks): names an attack twice")
    }
    return kinds
  }

  /// Settings that results depend on, recorded in the attack's state.
  var settings: [SurveyState.Setting] {
    [
      .init("norm", norm.rawValue), .init("epsilons", epsilons ?? "default"),
      .init("attack", attacks),
    ] + effortSettings
  }

  var effortSettings: [SurveyState.Setting] {
    AttackPlan.Effort.Name.allCases.map { .init($0.rawValue, "\(effort[$0])") }
  }

  /// Description of the attacks and their effort.
  var text: String {
    let kinds = (try? kinds()) ?? []
    return kinds.map { kind in
      "\(kind.rawValue) (\(kind.efforts.map(words).joined(separator: ", ")))"
    }.joined(separator: ", ")
  }

  private func words(_ name: AttackPlan.Effort.Name) -> String {
    switch name {
    case .steps: "\(steps) steps"
    case .restarts: "\(restarts) start\(restarts == 1 ? "" : "s")"
    case .iterations: "\(iterations) iterations"
    case .targets: "at most \(targets) target\(targets == 1 ? "" : "s")"
    case .queries: "\(queries) queries"
    }
  }
}

extension ThreatModel.Norm: ExpressibleByArgument {}
