import CZlib
import Failures

/// An image of 8 bits per channel, gray or RGB, in the PNG format.
///
/// - Source: ISO/IEC 15948; compressed by zlib, without filters, since the images are small.
public struct PNG: Sendable, Equatable {
  /// Contents of the file.
  public let bytes: [UInt8]
  public let width: Int
  public let height: Int
  /// 1 for gray, 3 for RGB.
  public let channels: Int

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// - Parameter values: height × width × channels numbers; those beyond 0 … 1 are clipped.
  public init(_ values: [Float], width: Int, height: Int, channels: Int) {
    require(
      (channels == 1 || channels == 3) && width > 0 && height > 0
        && values.count == width * height * channels,
      "\(values.count) values for an image of \(width) × \(height) × \(channels)")
    self.width = width
    self.height = height
    self.channels = channels
    var lines: [UInt8] = []
    lines.reserveCapacity(values.count + height)
    for row in 0..<height {
      lines.append(0)  // no filter
      lines += values[row * width * channels..<(row + 1) * width * channels].map(Self.byte)
    }
    let header =
      Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height))
      + [8, channels == 1 ? 0 : 2, 0, 0, 0]
    bytes =
      Self.signature + Self.chunk("IHDR", header) + Self.chunk("IDAT", Self.compressed(lines))
      + Self.chunk("IEND", [])
  }

  /// Reads the header of a file; nil if it is not a PNG file of this kind.
  public init?(bytes: [UInt8]) {
    guard bytes.count >= 33, bytes.starts(with: Self.signature),
      bytes[12..<16].elementsEqual("IHDR".utf8), bytes[24] == 8, bytes[25] == 0 || bytes[25] == 2
    else { return nil }
    func number(_ place: Int) -> Int {
      bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    (width, height) = (number(16), number(20))
    channels = bytes[25] == 0 ? 1 : 3
    self.bytes = bytes
  }

  /// The values with zero as medium gray, and the largest modulus as black or white.
  public static func signed(_ values: [Float], width: Int, height: Int, channels: Int) -> PNG {
    let largest = values.reduce(0) { max($0, abs($1)) }
    let factor = largest > 0 ? 0.5 / largest : 0
    return PNG(values.map { 0.5 + factor * $0 }, width: width, height: height, channels: channels)
  }

  private static func byte(_ value: Float) -> UInt8 {
    // A comparison with NaN is false.
    value > 0 ? UInt8((min(value, 1) * 255).rounded()) : 0
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let checked = Array(type.utf8) + content
    let sum = UInt32(truncatingIfNeeded: crc32(0, checked, UInt32(checked.count)))
    return bigEndian(UInt32(content.count)) + checked + bigEndian(sum)
  }

  private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(size))
    let status = compress(&result, &size, bytes, UInt(bytes.count))
    require(status == Z_OK, "zlib compresses \(bytes.count) bytes: status \(status)")
    return Array(result.prefix(Int(size)))
  }
}
