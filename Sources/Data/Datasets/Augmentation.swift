import Failures
import RandomNumbers

/// Random shift and mirror of a training image, a function of (seed, epoch, sample) only.
///
/// With shifts dy, dx uniform in −padding … padding and a fair coin for the mirror,
///
///     output(y, x, c) = image(y + dy, x′ + dx, c) / pixelMaximum,   x′ = x or width − 1 − x,
///
/// and 0 outside the image: padding by zeros, cropping at random, then mirroring. Pixels are not
/// normalised.
public struct Augmentation: Sendable, Equatable {
  public enum Flip: String, Sendable, CaseIterable {
    case none, horizontal
  }

  /// The largest shift in pixels; 0 means no shift.
  public let padding: Int
  public let flip: Flip
  public let seed: UInt64

  /// Augmentation that leaves every image unchanged.
  public static let none = Augmentation(padding: 0, flip: .none, seed: 0)

  public init(padding: Int, flip: Flip, seed: UInt64) {
    require(padding >= 0, "a shift of up to \(padding) pixels")
    self.padding = padding
    self.flip = flip
    self.seed = seed
  }

  /// Random choices for one image.
  struct Draw {
    let rowShift: Int
    let columnShift: Int
    let mirrored: Bool
  }

  /// Random choices for sample `sample` of epoch `epoch`.
  func draw(epoch: Int, sample: Int) -> Draw {
    guard padding > 0 || flip != .none else {
      return Draw(rowShift: 0, columnShift: 0, mirrored: false)
    }
    var generator = KeyedGenerator(
      seed: seed, purpose: .augmentation, a: UInt64(epoch), b: UInt64(sample))
    let rowShift = generator.integer(below: 2 * padding + 1) - padding
    let columnShift = generator.integer(below: 2 * padding + 1) - padding
    let heads = generator.integer(below: 2) == 1
    return Draw(
      rowShift: rowShift, columnShift: columnShift, mirrored: flip == .horizontal && heads)
  }

  /// Writes the augmented image `sample` of `dataset`, height × width × channels numbers in [0, 1].
  public func write(
    _ sample: Int, of dataset: Dataset, epoch: Int, into output: UnsafeMutableBufferPointer<Float>
  ) {
    require(
      output.count == dataset.pixelsPerImage,
      "\(output.count) numbers for an image of \(dataset.pixelsPerImage)")
    let draw = draw(epoch: epoch, sample: sample)
    let (width, channels) = (dataset.width, dataset.channels)
    let maximum = Float(dataset.format.pixelMaximum)
    // Columns of the unmirrored output that the shifted image covers.
    let first = min(max(0, -draw.columnShift), width)
    let last = max(first, min(width, width - draw.columnShift))
    dataset.withImage(sample) { image in
      for y in 0..<dataset.height {
        let row = UnsafeMutableBufferPointer(
          rebasing: output[y * width * channels..<(y + 1) * width * channels])
        row.update(repeating: 0)
        let sourceRow = y + draw.rowShift
        guard (0..<dataset.height).contains(sourceRow) else { continue }
        let source = (sourceRow * width + draw.columnShift) * channels
        if draw.mirrored {
          for x in first..<last {
            for c in 0..<channels {
              row[(width - 1 - x) * channels + c] =
                Float(image[source + x * channels + c]) / maximum
            }
          }
        } else {
          for position in first * channels..<last * channels {
            row[position] = Float(image[source + position]) / maximum
          }
        }
      }
    }
  }

  /// Writes the augmented image pixel by pixel, straight from the formula, to check
  /// ``write(_:of:epoch:into:)``.
  package func writePlainly(
    _ sample: Int, of dataset: Dataset, epoch: Int, into output: UnsafeMutableBufferPointer<Float>
  ) {
    let draw = draw(epoch: epoch, sample: sample)
    let (height, width, channels) = (dataset.height, dataset.width, dataset.channels)
    for y in 0..<height {
      for x in 0..<width {
        let row = y + draw.rowShift
        let column = (draw.mirrored ? width - 1 - x : x) + draw.columnShift
        let inside = (0..<height).contains(row) && (0..<width).contains(column)
        for c in 0..<channels {
          let pixel =
            inside
            ? dataset.pixels[((sample * height + row) * width + column) * channels + c] : 0
          output[(y * width + x) * channels + c] = Float(pixel) / Float(dataset.format.pixelMaximum)
        }
      }
    }
  }
}
