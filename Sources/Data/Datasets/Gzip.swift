import CZlib

/// Expansion of gzip-compressed bytes by zlib.
enum Gzip {
  /// Window of deflate, 15 bits, plus 16 to expect a gzip header and its checksum.
  private static let windowBits: Int32 = 15 + 16

  /// Expands `bytes`, which hold one or more gzip members; errors name `path`.
  ///
  /// - Parameter promised: the size that the first expanded bytes promise; more is an error, before
  ///   it takes memory.
  /// - Parameter onProgress: is told of the bytes that have been expanded.
  static func expand(
    _ bytes: [UInt8], path: String, promised: ([UInt8]) -> Int? = { _ in nil },
    onProgress: (Int) -> Void = { _ in }
  ) throws(DatasetError) -> [UInt8] {
    var stream = z_stream()
    let opened = inflateInit2_(
      &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw failure(stream, opened, path) }
    defer { inflateEnd(&stream) }
    guard bytes.count <= Int(UInt32.max) else {
      throw .corruptGzip(path: path, reason: "\(bytes.count) bytes are more than 4 GiB")
    }
    var input = bytes
    var expanded: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var status = Z_OK
    var limit: Int?
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while status == Z_OK && expanded.count <= limit ?? Int.max {
        chunk.withUnsafeMutableBufferPointer { output in
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(output.count)
          status = inflate(&stream, Z_NO_FLUSH)
          expanded.append(contentsOf: output.prefix(output.count - Int(stream.avail_out)))
        }
        limit = limit ?? promised(expanded)
        onProgress(bytes.count - Int(stream.avail_in))
        if status == Z_STREAM_END && stream.avail_in > 0 { status = inflateReset(&stream) }
      }
      stream.next_in = nil
    }
    if let limit, expanded.count > limit {
      throw .wrongSize(path: path, size: expanded.count, expected: limit)
    }
    guard status == Z_STREAM_END else { throw failure(stream, status, path) }
    return expanded
  }

  private static func failure(_ stream: z_stream, _ status: Int32, _ path: String) -> DatasetError {
    // zlib gives no message when it runs out of input.
    let reason =
      if let message = stream.msg {
        String(cString: message)
      } else if status == Z_BUF_ERROR {
        "unexpected end of file"
      } else {
        String(cString: zError(status))
      }
    return .corruptGzip(path: path, reason: reason)
  }
}
