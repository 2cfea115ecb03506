import Failures
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
/// mean = K + S₁/N, M₂ = S₂ − S₁²/N, biased variance M₂/N. Sums are made slice by slice; in the
/// reproducible order slices and ranks are added exactly.
struct BatchStatistics {
  /// Where a pass adds what one slice contributes to both sums of every channel.
  typealias SliceSums = (
    _ slice: Range<Int>, _ first: UnsafeMutableBufferPointer<Double>,
    _ second: UnsafeMutableBufferPointer<Double>
  ) -> Void

  private let communicator: any Communicator
  private let scope: BatchNormScope
  private let channels: Int
  private let slices: Slices
  /// [first | second | count] of this rank, then of all.
  private let sums: UnsafeMutableBufferPointer<Double>
  /// The same of one slice.
  private let sliceSums: UnsafeMutableBufferPointer<Double>
  /// Only in the reproducible order.
  private let exact: ExactSums?

  init(
    channels: Int, communicator: any Communicator, scope: BatchNormScope, slices: Slices,
    order: SumOrder, arena: Arena
  ) {
    require(
      order == .fastest || scope == .global, "local statistics depend on the number of ranks")
    self.channels = channels
    self.communicator = communicator
    self.scope = scope
    self.slices = slices
    sums = arena.buffer(of: Double.self, count: 2 * channels + 1)
    sliceSums = arena.buffer(of: Double.self, count: 2 * channels + 1)
    exact = order == .reproducible ? ExactSums(count: 2 * channels + 1, arena: arena) : nil
  }

  /// What a forward pass takes from the batch.
  struct Moments {
    /// Samples × positions that normalisation runs over.
    let count: Double
    /// The same over all ranks.
    let globalCount: Double
  }

  /// Writes mean and biased variance for normalisation, and mean and unbiased variance of the global
  /// batch for the running statistics.
  ///
  /// Collective. A rank without samples contributes zeros and receives the others' statistics.
  func measure(
    _ x: Tensor, center: Tensor, mean: Tensor, variance: Tensor, globalMean: Tensor,
    globalUnbiasedVariance: Tensor
  ) -> Moments {
    addSlices(x.shape.samples, positions: x.shape.height * x.shape.width) { slice, first, second in
      addShiftedMoments(of: x.slice(slice), shift: center, sum: first, squares: second)
    }
    let localCount = sums[2 * channels]
    if scope == .local {
      write(center: center, count: localCount, mean: mean, variance: variance, freedom: localCount)
    }
    sumOverRanks()
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

  /// Means of two per-channel sums over the samples that are normalised together.
  ///
  /// Collective in the global scope. `localSecondSums` receives, for each of this rank's slices, the second
  /// sum's total over channels.
  func average(
    over moments: Moments, samples: Int, into firstMean: Tensor, _ secondMean: Tensor,
    localSecondSums: UnsafeMutableBufferPointer<Double>, add: SliceSums
  ) {
    addSlices(samples, positions: 0) { slice, first, second in
      add(slice, first, second)
      localSecondSums[slice.lowerBound / slices.samples] = second.reduce(0, +)
    }
    if scope == .global { sumOverRanks() }
    // In the local scope, a rank without samples would divide zero by zero; nothing reads its means.
    let divisor = max(moments.count, 1)
    for channel in 0..<channels {
      firstMean[channel] = Float(first(sums)[channel] / divisor)
      secondMean[channel] = Float(second(sums)[channel] / divisor)
    }
  }

  /// This rank's sums over its slices; the count is that of positions.
  private func addSlices(_ samples: Int, positions: Int, _ add: SliceSums) {
    sums.update(repeating: 0)
    exact?.clear()
    slices.forEach(in: samples) { slice in
      sliceSums.update(repeating: 0)
      add(slice, first(sliceSums), second(sliceSums))
      sliceSums[2 * channels] = Double(slice.count * positions)
      if let exact {
        exact.add(sliceSums, at: 0)
      } else {
        for index in 0..<sums.count { sums[index] += sliceSums[index] }
      }
    }
  }

  private func sumOverRanks() {
    guard let exact else { return communicator.allreduce(sums) }
    communicator.allreduce(exact.bufferWithCount(from: 0))
    exact.read(into: sums, from: 0)
  }

  private func first(
    _ sums: UnsafeMutableBufferPointer<Double>
  ) -> UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(rebasing: sums[0..<channels])
  }

  private func second(
    _ sums: UnsafeMutableBufferPointer<Double>
  ) -> UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(rebasing: sums[channels..<2 * channels])
  }

  private func write(
    center: Tensor, count: Double, mean: Tensor, variance: Tensor, freedom: Double
  ) {
    for channel in 0..<channels {
      let offset = count > 0 ? sums[channel] / count : 0
      let scatter = sums[channels + channel] - sums[channel] * offset
      mean[channel] = center[channel] + Float(offset)
      // A NaN must stay one, which max(scatter, 0) would not let it.
      variance[channel] = freedom > 0 ? Float(scatter < 0 ? 0 : scatter / freedom) : 0
    }
  }
}
