import Tensors

/// Hands out tensors for one test and frees them with it; keep it in the suite.
final class TensorSource {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var allocated: [(pointer: UnsafeMutablePointer<Float>, count: Int)] = []

  /// Behind each tensor, to see what is written beyond it.
  private static let guardFloats = 64
  private static let guardValue: Float = -12_345.678

  deinit {
    for (pointer, count) in allocated {
      let beyond = UnsafeBufferPointer(start: pointer + count, count: Self.guardFloats)
      precondition(
        beyond.allSatisfy { $0 == Self.guardValue }, "written beyond a tensor of \(count) floats")
      pointer.deallocate()
    }
  }

  /// Filled with NaN, so that an output element that is read or left out is seen.
  func unset(_ shape: Shape) -> Tensor {
    let count = shape.count
    let pointer = UnsafeMutablePointer<Float>.allocate(capacity: count + Self.guardFloats)
    pointer.initialize(repeating: .nan, count: count)
    (pointer + count).initialize(repeating: Self.guardValue, count: Self.guardFloats)
    allocated.append((pointer, count))
    return Tensor(shape, storage: pointer)
  }

  func filled(_ shape: Shape, _ value: (Int) -> Float) -> Tensor {
    let tensor = unset(shape)
    for index in 0..<tensor.count { tensor[index] = value(index) }
    return tensor
  }

  /// Uniform on `range`.
  func random(_ shape: Shape, in range: ClosedRange<Float> = -2...2) -> Tensor {
    filled(shape) { _ in range.lowerBound + (range.upperBound - range.lowerBound) * next() }
  }

  func copy(_ other: Tensor) -> Tensor { filled(other.shape) { other[$0] } }

  /// Uniform on [0, 1): the top bits of a linear congruential generator.
  private func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 24)
  }
}

/// Sizes that fill no vector, fill some exactly, and leave rests of every kind.
let awkwardChannels = [1, 3, 5, 8, 16, 19, 64, 100]

/// The largest |a − b| over the elements.
func largestDifference(_ a: Tensor, _ b: (Int) -> Double) -> Double {
  var largest = 0.0
  for index in 0..<a.count {
    let difference = abs(Double(a[index]) - b(index))
    // A NaN must not pass as the smaller one.
    if !(difference <= largest) { largest = difference }
  }
  return largest
}

func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
  largestDifference(a) { Double(b[$0]) }
}
