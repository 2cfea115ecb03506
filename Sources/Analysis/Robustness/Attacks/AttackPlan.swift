import Failures

/// The attacks and their epsilons in order, and the effort of each.
public struct AttackPlan: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// PGD, see ``ProjectedGradientAttack``.
    case pgd
    /// Auto-PGD on the cross-entropy, see ``AutoProjectedGradientAttack``.
    case apgdCrossEntropy = "apgd-ce"
    /// Auto-PGD on the targeted difference of logits ratio, one class after the other.
    case apgdTargeted = "apgd-t"
    /// Targeted FAB, one class after the other, see ``FastAdaptiveBoundaryAttack``.
    case fabTargeted = "fab-t"
    /// The Square attack, see ``SquareAttack``.
    case square

    /// Whether the attack follows gradients.
    public var isGradientBased: Bool { self != .square }

    /// Numbers that decide how hard it tries.
    public var efforts: [Effort.Name] {
      switch self {
      case .pgd: [.steps, .restarts]
      case .apgdCrossEntropy: [.iterations]
      case .apgdTargeted, .fabTargeted: [.iterations, .targets]
      case .square: [.queries]
      }
    }
  }

  /// The attacks of AutoAttack in its order.
  /// - Source: Croce and Hein, ICML 2020.
  public static let autoAttack: [Kind] = [.apgdCrossEntropy, .apgdTargeted, .fabTargeted, .square]

  /// The effort of the attacks; the defaults are those of their papers.
  public struct Effort: Sendable, Equatable {
    public var pgdSteps = 50
    /// The number of random starts of PGD.
    public var pgdStarts = 1
    /// The iterations of Auto-PGD and FAB, for each target.
    public var iterations = 100
    /// The number of target classes, if the data set has so many wrong ones.
    public var targets = 9
    public var queries = 5000

    public init() {}

    /// One of the numbers; the raw value is its option on the command line.
    public enum Name: String, CaseIterable, Sendable {
      case steps, restarts, iterations, targets, queries
    }

    public subscript(name: Name) -> Int {
      switch name {
      case .steps: pgdSteps
      case .restarts: pgdStarts
      case .iterations: iterations
      case .targets: targets
      case .queries: queries
      }
    }
  }

  /// One attack on every sample that is not yet misclassified.
  public struct Stage: Sendable, Equatable, CustomStringConvertible {
    public let kind: Kind
    /// The index of the restart, or the rank of the target; from 0.
    public let number: Int

    public init(_ kind: Kind, number: Int = 0) {
      self.kind = kind
      self.number = number
    }

    public var description: String { "\(kind.rawValue) \(number + 1)" }
  }

  public let norm: ThreatModel.Norm
  /// The epsilons in ascending order, without duplicates.
  public let epsilons: [Double]
  public let kinds: [Kind]
  public let effort: Effort
  public let seed: UInt64

  public init(
    _ norm: ThreatModel.Norm, epsilons: [Double], kinds: [Kind], effort: Effort = Effort(),
    seed: UInt64
  ) {
    require(
      !epsilons.isEmpty && !kinds.isEmpty && epsilons.allSatisfy { $0 > 0 && $0.isFinite },
      "\(kinds) at \(epsilons)")
    require(Set(kinds).count == kinds.count, "an attack twice among \(kinds)")
    self.norm = norm
    self.epsilons = Set(epsilons).sorted()
    self.kinds = kinds
    self.effort = effort
    self.seed = seed
  }

  /// The stages at each epsilon.
  public func stages(classes: Int) -> [Stage] {
    kinds.flatMap { kind in
      let count =
        switch kind {
        case .pgd: effort.pgdStarts
        case .apgdTargeted, .fabTargeted: min(effort.targets, classes - 1)
        case .apgdCrossEntropy, .square: 1
        }
      return (0..<count).map { Stage(kind, number: $0) }
    }
  }

  public func attack(_ stage: Stage) -> any Attack {
    let number = Self.Kind.allCases.firstIndex(of: stage.kind) ?? 0
    let start = RandomStart(seed: seed, attack: number, number: stage.number)
    return switch stage.kind {
    case .pgd: ProjectedGradientAttack(steps: effort.pgdSteps, start: start)
    case .apgdCrossEntropy:
      AutoProjectedGradientAttack(.crossEntropy, iterations: effort.iterations, start: start)
    case .apgdTargeted:
      AutoProjectedGradientAttack(
        .targetedRatio(rank: stage.number), iterations: effort.iterations, start: start)
    case .fabTargeted:
      FastAdaptiveBoundaryAttack(rank: stage.number, iterations: effort.iterations)
    case .square: SquareAttack(queries: effort.queries, seed: seed)
    }
  }
}

extension ThreatModel.Norm {
  /// The paper's epsilons in L2; multiples of the step of an 8-bit pixel value in L∞.
  public var usualEpsilons: [Double] {
    switch self {
    case .l2: [0.05, 0.1, 0.15, 0.2]
    case .linf: [1 / 255, 2 / 255, 4 / 255, 8 / 255]
    }
  }

  /// The largest distance between two images of `pixels` pixels in [0, 1].
  public func diameter(pixels: Int) -> Double {
    switch self {
    case .l2: Double(pixels).squareRoot()
    case .linf: 1
    }
  }
}
