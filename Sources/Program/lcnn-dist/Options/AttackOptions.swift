import ArgumentParser
import Robustness
import Surveys

/// Norm, distances, attacks and their effort on the command line.
struct AttackOptions: ParsableArguments {
  private static let ensemble = "autoattack"
  private static let defaults = AttackPlan.Effort()

  @Option(help: "the norm of the ball in which the attacker may move an image")
  var norm: ThreatModel.Norm = .l2

  @Option(
    help: ArgumentHelp(
      """
      its radii ε, numbers or fractions (default: 0.05,0.1,0.15,0.2 for l2, \
      1/255,2/255,4/255,8/255 for linf)
      """, valueName: "list"))
  var epsilons: String?

  @Option(
    name: .customLong("attack"),
    help: ArgumentHelp(
      """
      attacks in order: pgd, apgd-ce, apgd-t, square, or autoattack for \
      apgd-ce,apgd-t,square
      """, valueName: "list"))
  var attacks = AttackPlan.Kind.pgd.rawValue

  @Option(help: ArgumentHelp("of pgd", valueName: "n"))
  var steps = defaults.pgdSteps

  @Option(help: ArgumentHelp("random starts of pgd", valueName: "n"))
  var restarts = defaults.pgdStarts

  @Option(help: ArgumentHelp("of apgd-ce, and of apgd-t for each target", valueName: "n"))
  var iterations = defaults.iterations

  @Option(help: ArgumentHelp("classes that apgd-t aims at, at most", valueName: "n"))
  var targets = defaults.targets

  @Option(help: ArgumentHelp("of square", valueName: "n"))
  var queries = defaults.queries

  func validate() throws {
    for (name, value) in numbers where value < 1 {
      throw ValidationError("--\(name) \(value) must be at least 1")
    }
    _ = try radii()
    _ = try kinds()
  }

  private var numbers: [(name: String, value: Int)] {
    [
      ("steps", steps), ("restarts", restarts), ("iterations", iterations), ("targets", targets),
      ("queries", queries),
    ]
  }

  func plan(seed: UInt64) throws -> AttackPlan {
    var effort = AttackPlan.Effort()
    effort.pgdSteps = steps
    effort.pgdStarts = restarts
    effort.iterations = iterations
    effort.targets = targets
    effort.queries = queries
    return AttackPlan(
      norm, epsilons: try radii(), kinds: try kinds(), effort: effort, seed: seed)
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

  /// What results depend on, for the state.
  var settings: [AttackState.Setting] {
    [
      .init("norm", norm.rawValue), .init("epsilons", epsilons ?? "default"),
      .init("attack", attacks),
    ] + effortSettings
  }

  var effortSettings: [AttackState.Setting] {
    numbers.map { .init($0.name, "\($0.value)") }
  }

  /// The attacks with their effort, in words.
  var text: String {
    let kinds = (try? kinds()) ?? []
    return kinds.map { kind in
      switch kind {
      case .pgd: "pgd (\(steps) steps, \(restarts) start\(restarts == 1 ? "" : "s"))"
      case .apgdCrossEntropy: "apgd-ce (\(iterations) iterations)"
      case .apgdTargeted:
        "apgd-t (\(iterations) iterations, at most \(targets) target\(targets == 1 ? "" : "s"))"
      case .square: "square (\(queries) queries)"
      }
    }.joined(separator: ", ")
  }
}

extension ThreatModel.Norm: ExpressibleByArgument {}
