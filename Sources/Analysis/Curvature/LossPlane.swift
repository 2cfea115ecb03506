import Failures
import Kernels
import Layers
import Networks
import Tensors

/// f on a square of the plane that the input gradient and a random direction span at an image x.
///
/// The points are x + a·d + b·u: d = ∇f/‖∇f‖₂, u a random unit vector orthogonal to d, and a and b
/// evenly spaced from −radius to radius. Without curvature f is f(x) + a·‖∇f‖ there. A margin keeps
/// the rival of x. Pixels are not clipped.
public struct LossPlane {
  /// f of one sample.
  public struct Values: Sendable, Equatable {
    /// The class that the model predicts at x.
    public let prediction: Int
    /// f(x).
    public let center: Double
    /// ‖∇f(x)‖₂.
    public let gradientNorm: Double
    /// points × points values of f, a innermost.
    public let values: [Double]

    public init(prediction: Int, center: Double, gradientNorm: Double, values: [Double]) {
      self.prediction = prediction
      self.center = center
      self.gradientNorm = gradientNorm
      self.values = values
    }
  }

  /// Largest a and b, in L2.
  public let radius: Double
  /// Number of points along a and along b.
  public let points: Int
  private let gradient: InputGradient
  private let probes: ProbeDirections
  private let image: Tensor
  private let steepest: Tensor
  private let random: Tensor
  private let arena: Arena
  /// Number of points in a pass: whole slices, which hold the same points for any batch size.
  private let pointsAtOnce: Int

  /// - Parameter model: built for input gradients, for at least one slice of samples.
  /// - Throws: ``ArenaError`` if the copies of image and directions do not fit.
  public init(
    _ model: Model, of function: ScalarFunction = .loss, radius: Double, points: Int,
    probes: ProbeDirections
  ) throws {
    require(radius > 0 && radius.isFinite && points > 1, "\(points) points within \(radius)")
    self.radius = radius
    self.points = points
    self.probes = probes
    gradient = InputGradient(model, of: function)
    let slice = model.configuration.slices.samples
    let most = model.configuration.maximumSamples
    pointsAtOnce = min(max(1, most / slice) * slice, most)
    let shape = model.input.shape.withFirst(1)
    let tensors: [Tensor]
    (tensors, arena) = try Arena.plan { arena in (0..<3).map { _ in arena.tensor(shape) } }
    (image, steepest, random) = (tensors[0], tensors[1], tensors[2])
  }

  /// The distances a, which are those of b too.
  public static func offsets(radius: Double, points: Int) -> [Double] {
    (0..<points).map { radius * (2 * Double($0) / Double(points - 1) - 1) }
  }

  /// Measures the first image of `model.input`, whose index in its data set is `index`, and leaves
  /// it there.
  ///
  /// - Parameters:
  ///   - onGradient: is lent ∇f(x).
  ///   - onPass: is told after each pass how many points are done.
  public func measure(
    label: Int32, index: Int, onGradient: (Tensor) -> Void = { _ in },
    onPass: (Int) -> Void = { _ in }
  ) -> Values {
    let model = gradient.model
    let input = model.input.value
    image.copy(from: input.prefix(1))
    var labels = [label]
    let rivals = labels.withUnsafeMutableBufferPointer {
      gradient.linearize(1, labels: UnsafeBufferPointer($0))
    }
    let prediction = gradient.prediction(0)
    let center = value(0, label: Int(label), rivals: rivals)
    steepest.copy(from: model.input.gradient.prefix(1))
    onGradient(steepest)
    let gradientNorm = normalize(steepest)
    probes.write(sample: index, into: random)
    combine(1, random, -Float(dot(random, steepest)), steepest, into: random)
    normalize(random)
    var values: [Double] = []
    values.reserveCapacity(points * points)
    let offsets = Self.offsets(radius: radius, points: points)
    for first in stride(from: 0, to: points * points, by: pointsAtOnce) {
      let count = min(pointsAtOnce, points * points - first)
      for place in 0..<count {
        let (row, column) = (first + place).quotientAndRemainder(dividingBy: points)
        let point = input.slice(place..<place + 1)
        combine(1, image, Float(offsets[column]), steepest, into: point)
        add(random, times: Float(offsets[row]), into: point)
      }
      model.forward(count, mode: .evaluation)
      values += (0..<count).map { value($0, label: Int(label), rivals: rivals) }
      onPass(values.count)
    }
    input.prefix(1).copy(from: image)
    return withExtendedLifetime(arena) {
      Values(prediction: prediction, center: center, gradientNorm: gradientNorm, values: values)
    }
  }

  /// f at the present logits of a sample, in double precision.
  private func value(_ sample: Int, label: Int, rivals: [Int32]) -> Double {
    let logits = UnsafeBufferPointer(
      gradient.model.logits.value.slice(sample..<sample + 1).buffer)
    switch gradient.function {
    case .loss: return Softmax(logits).loss(of: label)
    case .margin: return Double(logits[label]) - Double(logits[Int(rivals[0])])
    }
  }
}

extension LossPlane.Values {
  /// max |f(x + e) − f(x) − ∇f(x)·e| over the points x + e of the plane: 0 for a linear f.
  ///
  /// - Source: Qin et al., "Adversarial robustness through local linearization", NeurIPS 2019,
  ///   equation 5, here over a plane.
  public func linearizationError(offsets: [Double]) -> Double {
    let points = offsets.count
    return values.enumerated().reduce(0) { largest, entry in
      max(largest, abs(entry.element - center - offsets[entry.offset % points] * gradientNorm))
    }
  }
}
