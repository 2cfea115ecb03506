import Kernels

/// The layers' forward passes in double precision and plain loops: what right means.
///
/// Images are [samples, height, width, channels], row-major; weights [kh, kw, inputs, outputs].
public enum DoubleOracle {
  /// y[n, i, j, o] = b[o] + Σ x[n, i·s + k − p, j·s + l − p, c]·w[k, l, c, o].
  public static func convolution(
    _ x: [Double], weight: [Double], bias: [Double]?, _ g: ConvolutionGeometry
  ) -> [Double] {
    let samples = x.count / (g.inputHeight * g.inputWidth * g.inputChannels)
    var y: [Double] = []
    y.reserveCapacity(samples * g.outputHeight * g.outputWidth * g.outputChannels)
    for n in 0..<samples {
      for i in 0..<g.outputHeight {
        for j in 0..<g.outputWidth {
          for o in 0..<g.outputChannels {
            var sum = bias?[o] ?? 0
            for k in 0..<g.kernelHeight {
              for l in 0..<g.kernelWidth {
                let (row, column) = (i * g.stride + k - g.padding, j * g.stride + l - g.padding)
                guard (0..<g.inputHeight).contains(row), (0..<g.inputWidth).contains(column) else {
                  continue
                }
                let pixel = ((n * g.inputHeight + row) * g.inputWidth + column) * g.inputChannels
                let tap = (k * g.kernelWidth + l) * g.inputChannels
                for c in 0..<g.inputChannels {
                  sum += x[pixel + c] * weight[(tap + c) * g.outputChannels + o]
                }
              }
            }
            y.append(sum)
          }
        }
      }
    }
    return y
  }

  /// W/σ, σ = ⟨u, W∗v⟩, with the operator's own geometry.
  public static func normalized(
    _ weight: [Double], u: [Double], v: [Double], _ g: ConvolutionGeometry
  ) -> [Double] {
    let product = convolution(v, weight: weight, bias: nil, g)
    let sigma = zip(u, product).reduce(0) { $0 + $1.0 * $1.1 }
    return weight.map { $0 / sigma }
  }

  /// m·(x − mean)/√(variance + 1e-5) with the given statistics, or those of x.
  public static func batchNorm(
    _ x: [Double], channels: Int, multiplier: Double, mean: [Double]? = nil,
    variance: [Double]? = nil
  ) -> [Double] {
    let rows = x.count / channels
    var y = x
    for channel in 0..<channels {
      let values = (0..<rows).map { x[$0 * channels + channel] }
      let center = mean?[channel] ?? values.reduce(0, +) / Double(rows)
      let scatter = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
      let spread = variance?[channel] ?? scatter / Double(rows)
      let factor = multiplier / (spread + 1e-5).squareRoot()
      for row in 0..<rows { y[row * channels + channel] = (values[row] - center) * factor }
    }
    return y
  }

  /// (softplus(βx) − offset)/β.
  public static func softplus(_ x: [Double], beta: Double, offset: Double) -> [Double] {
    x.map { value in
      let z = beta * value
      let softplus = z > 20 ? z : log1pExp(z)
      return (softplus - offset) / beta
    }
  }

  /// The largest of each size × size window.
  public static func maximumPool(
    _ x: [Double], height: Int, width: Int, channels: Int, size: Int
  ) -> [Double] {
    let samples = x.count / (height * width * channels)
    var y: [Double] = []
    for n in 0..<samples {
      for i in 0..<height / size {
        for j in 0..<width / size {
          for c in 0..<channels {
            var largest = -Double.infinity
            for k in 0..<size {
              for l in 0..<size {
                let pixel = (n * height + i * size + k) * width + j * size + l
                largest = max(largest, x[pixel * channels + c])
              }
            }
            y.append(largest)
          }
        }
      }
    }
    return y
  }

  /// The mean over all positions.
  public static func averagePool(_ x: [Double], positions: Int, channels: Int) -> [Double] {
    let samples = x.count / (positions * channels)
    return (0..<samples).flatMap { n in
      (0..<channels).map { c in
        (0..<positions).reduce(0) { $0 + x[(n * positions + $1) * channels + c] }
          / Double(positions)
      }
    }
  }

  private static func log1pExp(_ z: Double) -> Double {
    z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))
  }
}

#if canImport(Glibc)
  import Glibc
#endif
