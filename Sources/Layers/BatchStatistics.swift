import Kernels
import MessagePassing
import Tensors

/// Over which samples a batch norm normalises.
public enum BatchNormScope: String, Sendable {
  /// The global batch: results do not depend on the number of ranks.
  case global
  /// This rank's share; the running statistics are still those of the global batch.
  case local
}

/// Count, mean and variance of every channel of a batch that is spread over ranks.
///
/// Each rank sums x − K and (x − K)² in double precision about the same centre K, the running mean, so
/// that counts and sums of all ranks add to those of the whole batch; one collective carries them all.
/// mean = K + S₁/N, M₂ = S₂ − S₁²/N, biased variance M₂/N.
public struct BatchStatistics {
  private let communicator: any Communicator
  private let scope: BatchNormScope
  private let channels: Int
  /// [sum | squares | count], all double.
  private let sums: UnsafeMutableBufferPointer<Double>

  public init(channels: Int, communicator: any Communicator, scope: BatchNormScope, arena: Arena) {
    self.channels = channels
    self.communicator = communicator
    self.scope = scope
    sums = arena.buffer(of: Double.self, count: 2 * channels + 1)
  }

  /// What a forward pass takes from the batch.
  public struct Moments {
    /// Samples × positions that normalisation runs over.
    public let count: Double
    /// The same over all ranks.
    public let globalCount: Double
  }

  /// Writes mean and biased variance for normalisation, and mean and unbiased variance of the global
  /// batch for the running statistics.
  ///
  /// Collective. A rank without samples contributes zeros and receives the others' statistics.
  public func measure(
    _ x: Tensor, center: Tensor, slices: Slices, mean: Tensor, variance: Tensor,
    globalMean: Tensor, globalUnbiasedVariance: Tensor
  ) -> Moments {
    sums.update(repeating: 0)
    slices.forEach(in: x.shape.samples) { slice in
      addShiftedMoments(of: x.slice(slice), shift: center, sum: first, squares: second)
    }
    let localCount = Double(x.count / channels)
    sums[2 * channels] = localCount
    if scope == .local {
      write(center: center, count: localCount, mean: mean, variance: variance, freedom: localCount)
    }
    communicator.sum(sums)
    let globalCount = sums[2 * channels]
    write(
      center: center, count: globalCount, mean: globalMean, variance: globalUnbiasedVariance,
      freedom: globalCount - 1)
    if scope == .global {
      write(
        center: center, count: globalCount, mean: mean, variance: variance, freedom: globalCount)
    }
    return Moments(
      count: scope == .global ? globalCount : localCount, globalCount: globalCount)
  }

  /// Means of two per-channel sums that `add` fills, over the samples that are normalised together.
  ///
  /// Collective in the global scope. Returns this rank's own total of the second sums.
  public func average(
    over count: Double, into first: Tensor, _ second: Tensor,
    add: (UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
  ) -> Double {
    sums.update(repeating: 0)
    add(self.first, self.second)
    var ownTotal = 0.0
    for channel in 0..<channels { ownTotal += self.second[channel] }
    if scope == .global {
      communicator.sum(UnsafeMutableBufferPointer(rebasing: sums[0..<2 * channels]))
    }
    // A rank without samples of its own divides zero by zero in the local scope; nothing reads it.
    let divisor = max(count, 1)
    for channel in 0..<channels {
      first[channel] = Float(self.first[channel] / divisor)
      second[channel] = Float(self.second[channel] / divisor)
    }
    return ownTotal
  }

  private var first: UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(rebasing: sums[0..<channels])
  }

  private var second: UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(rebasing: sums[channels..<2 * channels])
  }

  private func write(
    center: Tensor, count: Double, mean: Tensor, variance: Tensor, freedom: Double
  ) {
    for channel in 0..<channels {
      let offset = count > 0 ? first[channel] / count : 0
      let scatter = second[channel] - first[channel] * offset
      mean[channel] = center[channel] + Float(offset)
      variance[channel] = freedom > 0 ? Float(max(scatter, 0) / freedom) : 0
    }
  }
}
