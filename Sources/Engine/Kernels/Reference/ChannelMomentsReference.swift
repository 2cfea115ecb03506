import Tensors

/// The plain twin of the channel moments: in double, one channel after the other.
package enum ChannelMomentsReference {
  package typealias Moments = (first: [Double], second: [Double])

  /// Σ (x − K) and Σ (x − K)².
  package static func shifted(of x: Tensor, shift: Tensor) -> Moments {
    perChannel(of: x) { index, channel in
      let difference = Double(x[index]) - Double(shift[channel])
      return (difference, difference * difference)
    }
  }

  /// Σ g and Σ g·x̂.
  package static func normalized(
    of g: Tensor, x: Tensor, mean: Tensor, inverseDeviation: Tensor
  ) -> Moments {
    perChannel(of: x) { index, channel in
      let gradient = Double(g[index])
      let difference = Double(x[index]) - Double(mean[channel])
      return (gradient, gradient * difference * Double(inverseDeviation[channel]))
    }
  }

  /// Σ dg and Σ (dg·x̂ + g·t).
  package static func second(
    of g: Tensor, gradientTangent dg: Tensor, x: Tensor, tangent: Tensor, mean: Tensor,
    inverseDeviation: Tensor, tangentMean: Tensor, tangentProduct: Tensor
  ) -> Moments {
    perChannel(of: x) { index, channel in
      let r = Double(inverseDeviation[channel])
      let normalized = (Double(x[index]) - Double(mean[channel])) * r
      let projected =
        Double(tangentMean[channel]) + normalized * Double(tangentProduct[channel])
      let t = r * (Double(tangent[index]) - projected)
      return (Double(dg[index]), Double(dg[index]) * normalized + Double(g[index]) * t)
    }
  }

  /// Σ x.
  package static func columnSums(of x: Tensor) -> [Double] {
    perChannel(of: x) { index, _ in (Double(x[index]), 0) }.first
  }

  private static func perChannel(
    of x: Tensor, _ terms: (_ index: Int, _ channel: Int) -> (Double, Double)
  ) -> Moments {
    let matrix = ChannelMatrix(x)
    var moments: Moments = (
      first: Array(repeating: 0, count: matrix.channels),
      second: Array(repeating: 0, count: matrix.channels)
    )
    for channel in 0..<matrix.channels {
      for row in 0..<matrix.rows {
        let (first, second) = terms(row * matrix.channels + channel, channel)
        moments.first[channel] += first
        moments.second[channel] += second
      }
    }
    return moments
  }
}
