import Recipes

/// The paper's measurements of an arm: ResNet-18 on CIFAR-100, mean of two runs.
///
/// - Source: Srinivas et al. 2022, https://arxiv.org/abs/2206.07144, tables 1 and 2.
struct PaperRow {
  static let dataSet = "cifar100"
  static let epsilons = [0.05, 0.1, 0.15, 0.2]

  let arm: Arm
  let gradientNorm: Double
  let hessianNorm: Double
  let curvature: Double
  let accuracy: Double
  /// Accuracy under PGD in L2, in percent, at ``epsilons``.
  let robust: [Double]

  private init(
    _ arm: Arm, _ gradientNorm: Double, _ hessianNorm: Double, _ curvature: Double,
    _ accuracy: Double, _ robust: [Double]
  ) {
    self.arm = arm
    self.gradientNorm = gradientNorm
    self.hessianNorm = hessianNorm
    self.curvature = curvature
    self.accuracy = accuracy
    self.robust = robust
  }

  static let all = [
    PaperRow(.standard, 19.66, 6061.96, 270.89, 77.42, [59.97, 37.55, 23.41, 16.11]),
    PaperRow(.lcnn, 22.04, 1143.62, 69.5, 77.3, [61.17, 39.72, 25.6, 17.66]),
    PaperRow(.gradreg, 8.86, 776.56, 89.47, 77.2, [71.9, 61.06, 49.19, 38.09]),
    PaperRow(.lcnnGradReg, 9.87, 154.36, 25.3, 77.29, [72.68, 63.36, 52.96, 42.7]),
    PaperRow(.cure, 8.86, 979.45, 116.31, 76.48, [71.39, 61.28, 49.6, 39.04]),
    PaperRow(.softplus, 18.08, 1052.84, 70.39, 77.44, [60.86, 38.04, 23.85, 16.2]),
    PaperRow(.adversarial, 7.99, 501.43, 63.79, 76.96, [72.76, 64.7, 54.8, 44.98]),
  ]

  /// The rows of the arms that the runs have, if all runs are of the paper's data set.
  static func beside(_ runs: [RunRecord]) -> [PaperRow] {
    guard !runs.isEmpty, runs.allSatisfy({ $0.dataSet == dataSet }) else { return [] }
    let arms = runs.compactMap { try? $0.recipe?.nearestArm.arm }
    return all.filter { arms.contains($0.arm) }
  }
}
