import Failures
import Kernels
import MessagePassing
import Tensors

/// The samples over which a batch norm normalises.
public enum BatchNormScope: String, Sendable {
  /// The global batch: results do not depend on the number of ranks.
  case global
  /// The rank's share; the running statistics are still those of the global batch.
  case local
}

/// Count, mean and variance of every channel of a batch that is distributed over ranks.
///
/// Each rank sums x − K and (x − K)² in double precision with the same centre K, the running mean.
/// The counts and sums of all ranks then add to those of the whole batch, in one collective:
/// mean = K + S₁/N, M₂ = S₂ − S₁²/N, biased variance M₂/N. Sums are computed slice by slice; in the
/// reproducible order, slices and ranks are added exactly.
struct BatchStatistics {
  /// Adds the contribution of one slice to two sums per channel.
  typealias SliceSums = (
    _ slice: Range<Int>, _ first: UnsafeMutableBufferPointer<Double>,
    _ second: UnsafeMutableBufferPointer<Double>
  ) -> Void

  private let communicator: any Communicator
  private let scope: BatchNormScope
  private let channels: Int
  private let slices: Slices
  /// [first | second | count], of this rank and then of all ranks.
  private let sums: UnsafeMutableBufferPointer<Double>
  /// [first | second | count] of one slice.
  private let sliceSums: UnsafeMutableBufferPointer<Double>
  /// The exact sums of the reproducible order; nil in the fastest order.
  private let exact: ExactSums?

  init(channels: Int, site: LayerSite) {
    let (arena, order) = (site.arena, site.order)
    scope = site.batchNormScope
    require(
      order == .fastest || scope == .global, "local statistics depend on the number of ranks")
    self.channels = channels
    communicator = site.communicator
    slices = site.slices
    sums = arena.buffer(of: Double.self, count: 2 * channels + 1)
    sliceSums = arena.buffer(of: Double.self, count: 2 * channels + 1)
    exact = order == .reproducible ? ExactSums(count: 2 * channels + 1, arena: arena) : nil
  }

  /// The numbers of values per channel that a forward pass has averaged.
  struct Moments {
    /// Samples × positions of the statistics that normalise.
    let count: Double
    /// Samples × positions of the global batch.
    let globalCount: Double
  }

  /// Writes the mean and biased variance that normalise, and the mean and unbiased variance of the
  /// global batch, for the running statistics.
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

  /// Writes the means of two per-channel sums over the samples that are normalised together.
  ///
  /// Collective in the global scope.
  ///
  /// - Parameter localSecondSums: receives the second sum of each of this rank's slices, added over
  ///   channels.
  func average(
    over moments: Moments, samples: Int, into firstMean: Tensor, _ secondMean: Tensor,
    localSecondSums: UnsafeMutableBufferPointer<Double>, add: SliceSums
  ) {
    addSlices(samples, positions: 0) { slice, first, second in
      add(slice, first, second)
      localSecondSums[slice.lowerBound / slices.samples] = second.reduce(0, +)
    }
    if scope == .global { sumOverRanks() }
    // In the local scope, a rank without samples would divide zero by zero; nothing reads its
    // means.
    let divisor = max(moments.count, 1)
    for channel in 0..<channels {
      firstMean[channel] = Float(first(sums)[channel] / divisor)
      secondMean[channel] = Float(second(sums)[channel] / divisor)
    }
  }

  /// sums ← the sums over this rank's slices, and the number of its samples × positions.
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
      // Not max(scatter, 0), which would turn a NaN into 0.
      variance[channel] = freedom > 0 ? Float(scatter < 0 ? 0 : scatter / freedom) : 0
    }
  }
}
