import Images

#if canImport(Glibc)
  import Glibc
#endif

/// One named value of an event, as a message `Summary.Value` of TensorBoard.
public struct Summary: Sendable {
  package let message: [UInt8]

  private init(_ value: ProtocolBuffer) { message = value.bytes }

  public static func scalar(_ tag: String, _ value: Double) -> Summary {
    var buffer = ProtocolBuffer()
    buffer.add(1, tag)
    buffer.add(2, Float(value))
    return Summary(buffer)
  }

  /// The distribution of the finite values; nil without any.
  ///
  /// Thirty buckets of equal width between the smallest and the largest value.
  public static func histogram(_ tag: String, _ values: some Sequence<Float>) -> Summary? {
    let values = values.lazy.map(Double.init).filter(\.isFinite)
    guard let least = values.min(), let largest = values.max() else { return nil }
    let count = least < largest ? 30 : 1
    var buckets = [Double](repeating: 0, count: count)
    let width = (largest - least) / Double(count)
    var (number, sum, squares) = (0.0, 0.0, 0.0)
    for value in values {
      let place = width > 0 ? Int((value - least) / width) : 0
      buckets[min(max(place, 0), count - 1)] += 1
      number += 1
      sum += value
      squares += value * value
    }
    var histogram = ProtocolBuffer()
    for (field, value) in [least, largest, number, sum, squares].enumerated() {
      histogram.add(field + 1, value)
    }
    histogram.add(6, (1...count).map { $0 == count ? largest : least + Double($0) * width })
    histogram.add(7, buckets)
    var buffer = ProtocolBuffer()
    buffer.add(1, tag)
    buffer.add(5, histogram)
    return Summary(buffer)
  }

  /// An image, which TensorBoard shows as it is.
  ///
  /// - Source: TensorFlow, core/framework/summary.proto, message `Image`.
  public static func image(_ tag: String, _ png: PNG) -> Summary {
    var image = ProtocolBuffer()
    image.add(1, Int64(png.height))
    image.add(2, Int64(png.width))
    image.add(3, Int64(png.channels))
    image.add(4, png.bytes)
    var buffer = ProtocolBuffer()
    buffer.add(1, tag)
    buffer.add(4, image)
    return Summary(buffer)
  }

  /// A text, which TensorBoard shows as Markdown.
  public static func text(_ tag: String, _ text: String) -> Summary {
    var dimension = ProtocolBuffer()
    dimension.add(1, Int64(1))
    var shape = ProtocolBuffer()
    shape.add(2, dimension)
    var tensor = ProtocolBuffer()
    tensor.add(1, Int64(7))  // DT_STRING
    tensor.add(2, shape)
    tensor.add(8, text)
    var buffer = ProtocolBuffer()
    buffer.add(1, tag)
    buffer.add(8, tensor)
    buffer.add(9, metadata(of: "text"))
    return Summary(buffer)
  }

  /// A hyper-parameter's value.
  public enum Parameter: Sendable {
    case number(Double)
    case text(String)
    case boolean(Bool)
  }

  /// Hyper-parameters of the run, for the HParams plugin.
  public static func hyperParameters(
    _ parameters: [(name: String, value: Parameter)], group: String, startSeconds: Double
  ) -> Summary {
    var session = ProtocolBuffer()
    for parameter in parameters {
      var value = ProtocolBuffer()
      switch parameter.value {
      case .number(let number): value.add(2, number)
      case .text(let text): value.add(3, text)
      case .boolean(let flag): value.add(4, flag ? Int64(1) : 0)
      }
      var entry = ProtocolBuffer()
      entry.add(1, parameter.name)
      entry.add(2, value)
      session.add(1, entry)
    }
    session.add(4, group)
    session.add(5, startSeconds)
    var content = ProtocolBuffer()
    content.add(3, session)
    var buffer = ProtocolBuffer()
    buffer.add(1, "_hparams_/session_start_info")
    buffer.add(9, metadata(of: "hparams", content: content))
    return Summary(buffer)
  }

  private static func metadata(
    of plugin: String, content: ProtocolBuffer? = nil
  ) -> ProtocolBuffer {
    var data = ProtocolBuffer()
    data.add(1, plugin)
    if let content { data.add(2, content) }
    var metadata = ProtocolBuffer()
    metadata.add(1, data)
    return metadata
  }
}
