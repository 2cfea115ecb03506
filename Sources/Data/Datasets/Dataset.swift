import Digests
import Failures

/// One split of labelled images, in memory and immutable.
///
/// Image i is `pixels[i·height·width·channels ..< (i + 1)·height·width·channels]`, channels
/// innermost.
public final class Dataset: Sendable {
  public enum Split: String, Sendable, CaseIterable {
    case train, test
  }

  /// Shape, classes and pixel range of the images.
  public struct Format: Sendable, Equatable, CustomStringConvertible {
    public let height: Int
    public let width: Int
    public let channels: Int
    /// Labels lie in 0 ..< classes.
    public let classes: Int
    /// Largest pixel value, which is scaled to 1: 255, or 16 for digits.
    public let pixelMaximum: UInt8

    public var pixelsPerImage: Int { height * width * channels }
    public var description: String {
      "\(height)×\(width)×\(channels) of \(classes) classes"
    }

    public init(height: Int, width: Int, channels: Int, classes: Int, pixelMaximum: UInt8 = 255) {
      require(
        height > 0 && width > 0 && channels > 0 && pixelMaximum > 0,
        "images of \(height)×\(width)×\(channels) with pixels up to \(pixelMaximum)")
      require((1...65536).contains(classes), "\(classes) classes do not fit 16-bit labels")
      self.height = height
      self.width = width
      self.channels = channels
      self.classes = classes
      self.pixelMaximum = pixelMaximum
    }
  }

  public let name: String
  public let split: Split
  public let format: Format
  public let pixels: [UInt8]
  public let labels: [UInt16]

  public var count: Int { labels.count }
  /// Bytes of memory that pixels and labels take.
  public var bytes: Int { pixels.count + labels.count * MemoryLayout<UInt16>.stride }
  public var height: Int { format.height }
  public var width: Int { format.width }
  public var channels: Int { format.channels }
  public var classes: Int { format.classes }
  public var pixelsPerImage: Int { format.pixelsPerImage }

  public init(name: String, split: Split, format: Format, pixels: [UInt8], labels: [UInt16]) {
    require(
      pixels.count == labels.count * format.pixelsPerImage,
      "\(pixels.count) pixels are not \(labels.count) images of \(format.pixelsPerImage)")
    require(
      labels.allSatisfy { Int($0) < format.classes }, "a label is not below \(format.classes)")
    self.name = name
    self.split = split
    self.format = format
    self.pixels = pixels
    self.labels = labels
  }

  /// Data set of the first `count` samples.
  public func prefix(_ count: Int) -> Dataset {
    require((0...self.count).contains(count), "the first \(count) of \(self.count) samples")
    return Dataset(
      name: name, split: split, format: format,
      pixels: Array(pixels.prefix(count * pixelsPerImage)), labels: Array(labels.prefix(count)))
  }

  /// Data set without the first `count` samples.
  public func dropFirst(_ count: Int) -> Dataset {
    require((0...self.count).contains(count), "all but \(count) of \(self.count) samples")
    return Dataset(
      name: name, split: split, format: format,
      pixels: Array(pixels.dropFirst(count * pixelsPerImage)),
      labels: Array(labels.dropFirst(count)))
  }

  /// Writes image `index` as height × width × channels numbers pixel / pixelMaximum, each rounded
  /// once.
  public func copyImage(_ index: Int, into output: UnsafeMutableBufferPointer<Float>) {
    require(
      output.count == pixelsPerImage, "\(output.count) numbers for an image of \(pixelsPerImage)")
    let maximum = Float(format.pixelMaximum)
    withImage(index) { image in
      for position in image.indices { output[position] = Float(image[position]) / maximum }
    }
  }

  /// Lends the pixels of image `index`.
  func withImage(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    require((0..<count).contains(index), "image \(index) of \(count)")
    let start = index * pixelsPerImage
    pixels.withUnsafeBufferPointer { all in
      body(UnsafeBufferPointer(rebasing: all[start..<start + pixelsPerImage]))
    }
  }

  /// Bytes between two reports of progress: some ten milliseconds.
  private static let digestedAtOnce = 16 << 20

  /// SHA-256 of the pixels followed by the labels as little-endian 16-bit numbers; each call
  /// computes it.
  public func sha256(observer: LoadingObserver? = nil) -> String {
    let digest = SHA256Digest()
    let meter = LoadingMeter(split: split, observer: observer)
    pixels.withUnsafeBytes { pixels in
      for start in stride(from: 0, to: pixels.count, by: Self.digestedAtOnce) {
        let end = min(start + Self.digestedAtOnce, pixels.count)
        digest.update(UnsafeRawBufferPointer(rebasing: pixels[start..<end]))
        meter.tell(.checking, end, of: pixels.count)
      }
    }
    labels.map(\.littleEndian).withUnsafeBytes { digest.update($0) }
    return digest.hexadecimal()
  }
}
