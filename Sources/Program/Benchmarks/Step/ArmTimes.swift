import Recipes
import Training

/// The step time of every training arm over that of the standard arm.
public struct ArmTimes: Sendable, Equatable, Codable {
  /// An arm beside the standard one: seconds on rank 0, from barrier to barrier.
  public struct Row: Sendable, Equatable, Codable {
    public let arm: Arm
    /// Windows of either arm, and the steps of one.
    public let rounds: Int
    public let steps: Int
    /// A step of the arm, and one of the standard arm beside it: medians over windows.
    public let seconds: Double
    public let standardSeconds: Double
    /// The quotient of the two, window by window; of the standard arm over another instance of it.
    public let overStandard: PairedRatios
    /// The plan of this rank's model.
    public let memoryBytes: Int
  }

  public let ranks: Int
  public let globalBatch: Int
  /// How all arms reduce their gradients.
  public let plan: GradientPlan
  public let rows: [Row]
}
