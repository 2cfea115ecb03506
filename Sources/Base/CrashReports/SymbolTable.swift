import Foundation

/// The functions of an ELF file of 64 bits (System V ABI, chapters 4 and 5).
struct SymbolTable {
  private struct Function {
    let start: UInt64
    let size: UInt64
    /// Position of its name in the file.
    let name: Int
  }

  private struct Segment {
    let offset: UInt64
    let address: UInt64
    let size: UInt64
  }

  private let file: Data
  private var segments: [Segment] = []
  /// Sorted by ascending addresses.
  private var functions: [Function] = []

  /// Nil if the file cannot be read or is none of these.
  init?(path: String) {
    guard
      let file = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      file.count > 64, file.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2])
    else { return nil }
    self.file = file
    for index in 0..<Int(read(0x38, as: UInt16.self)) {
      let header = Int(read(0x20, as: UInt64.self)) + index * Int(read(0x36, as: UInt16.self))
      if read(header, as: UInt32.self) == 1 {
        segments.append(
          Segment(
            offset: read(header + 8, as: UInt64.self), address: read(header + 16, as: UInt64.self),
            size: read(header + 32, as: UInt64.self)))
      }
    }
    let sections = (0..<Int(read(0x3C, as: UInt16.self))).map {
      Int(read(0x28, as: UInt64.self)) + $0 * Int(read(0x3A, as: UInt16.self))
    }
    // The full table (type 2), or that of a stripped file (type 11).
    let tables = [2, 11].compactMap { type in
      sections.first { read($0 + 4, as: UInt32.self) == UInt32(type) }
    }
    guard let table = tables.first else { return }
    let names = sections[Int(read(table + 0x28, as: UInt32.self))]
    readFunctions(
      from: Int(read(table + 0x18, as: UInt64.self)),
      bytes: Int(read(table + 0x20, as: UInt64.self)),
      names: Int(read(names + 0x18, as: UInt64.self)))
  }

  private mutating func readFunctions(from start: Int, bytes: Int, names: Int) {
    var found: [Function] = []
    file.withUnsafeBytes { file in
      guard start >= 0, bytes >= 0, start + bytes <= file.count else { return }
      for symbol in stride(from: start, to: start + bytes - 23, by: 24) {
        let address = file.loadUnaligned(fromByteOffset: symbol + 8, as: UInt64.self)
        // Type 2 is a function.
        guard file[symbol + 4] & 0xF == 2, address > 0 else { continue }
        found.append(
          Function(
            start: address, size: file.loadUnaligned(fromByteOffset: symbol + 16, as: UInt64.self),
            name: names + Int(file.loadUnaligned(fromByteOffset: symbol, as: UInt32.self))))
      }
    }
    functions = found.sorted { $0.start < $1.start }
  }

  /// The function at a position of the file, and the distance from its start.
  func symbol(atFileOffset offset: UInt) -> (name: String, offset: UInt64)? {
    let offset = UInt64(offset)
    guard
      let segment = segments.first(where: { $0.offset <= offset && offset < $0.offset + $0.size })
    else { return nil }
    let address = offset - segment.offset + segment.address
    // The last function that starts at the address or before it.
    var (low, high) = (0, functions.count)
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let function = functions[low - 1]
    guard address < function.start + max(function.size, 1) else { return nil }
    return (text(at: function.name), address - function.start)
  }

  private func text(at start: Int) -> String {
    String(decoding: file[start...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Zero beyond the end of the file.
  private func read<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type) -> Value {
    file.withUnsafeBytes { bytes in
      offset >= 0 && offset + MemoryLayout<Value>.size <= bytes.count
        ? bytes.loadUnaligned(fromByteOffset: offset, as: type) : 0
    }
  }
}
