import Failures
import Kernels
import Networks
import Tensors

/// ‖∇f(x + e) − ∇f(x)‖₂/‖∇f(x)‖₂ per sample, for random e of given lengths ‖e‖₂.
///
/// To first order at most ‖e‖·C_f(x). A margin keeps the rival of x. The pixels of x + e are not
/// clipped.
/// - Source: Srinivas et al. 2022.
public struct GradientStability {
  /// The lengths ‖e‖ of the paper.
  public static let paperEpsilons = [1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 1e-1]

  /// The change of a sample's gradient at one length ‖e‖.
  public struct Change: Sendable, Equatable, BitwiseCopyable {
    /// The class that the model predicts at x.
    public let prediction: Int
    /// ‖∇f(x)‖₂.
    public let gradientNorm: Double
    /// The mean of ‖∇f(x + e) − ∇f(x)‖₂ over the directions.
    public internal(set) var mean: Double
    /// The largest ‖∇f(x + e) − ∇f(x)‖₂ over the directions.
    public internal(set) var worst: Double
    /// The number of the direction with the largest change, from 1.
    public internal(set) var worstDirection: Int
  }

  public let epsilons: [Double]
  /// The number of directions, each with all lengths.
  public let directions: Int
  private let gradient: InputGradient
  private let probes: ProbeDirections
  private let image: Tensor
  private let imageGradient: Tensor
  private let direction: Tensor
  private let arena: Arena

  /// - Throws: ``ArenaError`` if the copies of image and gradient do not fit.
  public init(
    _ model: Model, of function: ScalarFunction = .loss, epsilons: [Double] = paperEpsilons,
    directions: Int, probes: ProbeDirections
  ) throws {
    require(
      directions > 0 && epsilons.allSatisfy { $0 > 0 && $0.isFinite },
      "\(directions) directions at epsilons \(epsilons)")
    self.epsilons = epsilons
    self.directions = directions
    self.probes = probes
    gradient = InputGradient(model, of: function)
    let shape = model.input.shape
    let tensors: [Tensor]
    (tensors, arena) = try Arena.plan { arena in (0..<3).map { _ in arena.tensor(shape) } }
    (image, imageGradient, direction) = (tensors[0], tensors[1], tensors[2])
  }

  /// Measures the first `samples` samples of `model.input`, whose indices in their data set start
  /// at `first`.
  ///
  /// - Parameter onGradient: is told after each gradient which share of them is done.
  /// - Returns: samples × epsilons changes, epsilons innermost.
  public func measure(
    _ samples: Int, labels: UnsafeBufferPointer<Int32>, first: Int,
    onGradient: (Double) -> Void = { _ in }
  ) -> [Change] {
    let input = gradient.model.input.prefix(samples)
    let x = image.prefix(samples)
    x.copy(from: input.value)
    let rivals = gradient.linearize(samples, labels: labels)
    imageGradient.prefix(samples).copy(from: input.gradient)
    var changes = (0..<samples).flatMap { sample in
      [Change](
        repeating: Change(
          prediction: gradient.prediction(sample), gradientNorm: gradient.norm(sample), mean: 0,
          worst: 0, worstDirection: 1), count: epsilons.count)
    }
    for number in 1...directions {
      for sample in 0..<samples {
        probes.write(
          sample: first + sample, number: number, into: direction.slice(sample..<sample + 1))
      }
      for (index, epsilon) in epsilons.enumerated() {
        combine(1, x, Float(epsilon), direction.prefix(samples), into: input.value)
        gradient.linearize(samples, labels: labels, rivals: rivals)
        for sample in 0..<samples {
          let norm = moved(sample)
          changes[sample * epsilons.count + index].mean += norm / Double(directions)
          if norm > changes[sample * epsilons.count + index].worst {
            changes[sample * epsilons.count + index].worst = norm
            changes[sample * epsilons.count + index].worstDirection = number
          }
        }
        let done = (number - 1) * epsilons.count + index + 1
        onGradient(Double(done) / Double(directions * epsilons.count))
      }
    }
    input.value.copy(from: x)
    return withExtendedLifetime(arena) { changes }
  }

  /// ‖∇f(x + e) − ∇f(x)‖₂; overwrites ∇f(x + e).
  private func moved(_ sample: Int) -> Double {
    let moved = gradient.model.input.gradient.slice(sample..<sample + 1)
    combine(1, moved, -1, imageGradient.slice(sample..<sample + 1), into: moved)
    return sumOfSquares(moved).squareRoot()
  }
}
