import Kernels
import RandomNumbers
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// The random changes of the Square attack to one sample's point, [1, H, W, C], before projection.
struct SquareProposal {
  private let threat: ThreatModel
  private let image: Tensor
  private let point: Tensor
  private let height: Int
  private let width: Int
  private let channels: Int

  init(_ slice: AttackedSlice, _ place: Int) {
    threat = slice.threat
    image = slice.image(place)
    point = slice.point(place)
    height = image.shape.height
    width = image.shape.width
    channels = image.shape.channels
  }

  /// The first point: vertical stripes in L∞, a grid of 5 × 5 bumps of norm ε in L2.
  func begin(_ generator: inout KeyedGenerator) {
    switch threat.norm {
    case .linf:
      for column in 0..<width {
        for channel in 0..<channels {
          let shift = Float(threat.epsilon) * Self.sign(&generator)
          for row in 0..<height {
            let pixel = pixel(row, column, channel)
            point[pixel] = image[pixel] + shift
          }
        }
      }
    case .l2:
      beginWithBumps(&generator)
    }
  }

  /// A change of a window that covers `share` of the image.
  func change(share: Double, _ generator: inout KeyedGenerator) {
    let side = (share * Double(height * width)).squareRoot().rounded()
    switch threat.norm {
    case .linf:
      setWindow(side: min(max(Int(side), 1), min(height, width)), &generator)
    case .l2:
      // An odd side of at least 3, so that a window has a centre and the bump a slope.
      moveNorm(side: min(max(Int(side) | 1, 3), min(height, width)), &generator)
    }
  }

  // MARK: - L∞

  /// Sets a window to one corner of the ball per channel.
  private func setWindow(side: Int, _ generator: inout KeyedGenerator) {
    let window = Window(side: side, height: height, width: width, &generator)
    for channel in 0..<channels {
      let shift = Float(threat.epsilon) * Self.sign(&generator)
      window.forEach { row, column in
        let pixel = pixel(row, column, channel)
        point[pixel] = image[pixel] + shift
      }
    }
  }

  // MARK: - L2

  private static let bumpsPerSide = 5

  private func beginWithBumps(_ generator: inout KeyedGenerator) {
    let side = max(min(height, width) / Self.bumpsPerSide, 1)
    let pattern = SquarePattern.values(side: side, Self.orientation(&generator))
    point.fill(0)
    let bumps = min(Self.bumpsPerSide, min(height, width) / side)
    let top = (height - bumps * side) / 2
    let left = (width - bumps * side) / 2
    for bump in 0..<bumps * bumps {
      for channel in 0..<channels {
        let sign = Self.sign(&generator)
        for position in 0..<side * side {
          let row = top + bump / bumps * side + position / side
          let column = left + bump % bumps * side + position % side
          point[pixel(row, column, channel)] = sign * pattern[position]
        }
      }
    }
    let factor = Float(threat.epsilon / sumOfSquares(point).squareRoot())
    combine(1, image, factor, point, into: point)
  }

  /// Moves the norm of a second window, and the unused part of ε, to a bump in the first window.
  ///
  /// ν = x̂ − x is the present change. Per channel the first window gets (±η + ν/‖ν‖) with norm
  /// √(‖ν‖² over both windows + (ε² − ‖ν‖²)/C), and the second window gets 0.
  private func moveNorm(side: Int, _ generator: inout KeyedGenerator) {
    let first = Window(side: side, height: height, width: width, &generator)
    let second = Window(side: side, height: height, width: width, &generator)
    let pattern = SquarePattern.values(side: side, Self.orientation(&generator))
    let used = squares { body in
      for pixel in 0..<point.count { body(pixel) }
    }
    let unused = max(threat.epsilon * threat.epsilon - used, 0) / Double(channels)
    for channel in 0..<channels {
      let firstSquares = squares { body in
        first.forEach { body(pixel($0, $1, channel)) }
      }
      let secondSquares = squares { body in
        second.forEach { if !first.contains($0, $1) { body(pixel($0, $1, channel)) } }
      }
      let sign = Self.sign(&generator)
      let firstFactor = firstSquares > 0 ? Float(1 / firstSquares.squareRoot()) : 0
      var bump = [Float](repeating: 0, count: side * side)
      var sum = 0.0
      first.forEachPosition { position, row, column in
        let pixel = pixel(row, column, channel)
        let value = sign * pattern[position] + firstFactor * (point[pixel] - image[pixel])
        bump[position] = value
        sum += Double(value) * Double(value)
      }
      second.forEach { row, column in
        let pixel = pixel(row, column, channel)
        point[pixel] = image[pixel]
      }
      // If the bump cancels the old change, there is nothing to scale.
      let factor = sum > 0 ? Float(((firstSquares + secondSquares + unused) / sum).squareRoot()) : 0
      first.forEachPosition { position, row, column in
        let pixel = pixel(row, column, channel)
        point[pixel] = image[pixel] + factor * bump[position]
      }
    }
  }

  /// Σ ν² over some pixels.
  private func squares(over pixels: ((Int) -> Void) -> Void) -> Double {
    var sum = 0.0
    pixels { pixel in
      let change = Double(point[pixel]) - Double(image[pixel])
      sum += change * change
    }
    return sum
  }

  // MARK: - Places and choices

  private func pixel(_ row: Int, _ column: Int, _ channel: Int) -> Int {
    (row * width + column) * channels + channel
  }

  private static func sign(_ generator: inout KeyedGenerator) -> Float {
    generator.integer(below: 2) == 0 ? 1 : -1
  }

  private static func orientation(
    _ generator: inout KeyedGenerator
  ) -> SquarePattern.Orientation {
    generator.integer(below: 2) == 0 ? .horizontal : .vertical
  }

  /// A square of pixels at a random place.
  private struct Window {
    let side: Int
    let top: Int
    let left: Int

    init(side: Int, height: Int, width: Int, _ generator: inout KeyedGenerator) {
      self.side = side
      top = generator.integer(below: height - side + 1)
      left = generator.integer(below: width - side + 1)
    }

    func contains(_ row: Int, _ column: Int) -> Bool {
      row >= top && row < top + side && column >= left && column < left + side
    }

    func forEach(_ body: (_ row: Int, _ column: Int) -> Void) {
      forEachPosition { _, row, column in body(row, column) }
    }

    /// `position` counts the window's pixels, row by row.
    func forEachPosition(_ body: (_ position: Int, _ row: Int, _ column: Int) -> Void) {
      for position in 0..<side * side {
        body(position, top + position / side, left + position % side)
      }
    }
  }
}
