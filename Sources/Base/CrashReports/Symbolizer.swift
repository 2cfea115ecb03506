import Files
import Foundation

/// The functions in which addresses of a running process lie.
package struct Symbolizer {
  /// One mapping of a file into the process's memory.
  private struct Mapping {
    let addresses: Range<UInt>
    let offset: UInt
    let path: String
  }

  private let mappings: [Mapping]

  /// Reads the mappings of a process; none if it has ended.
  package init(process: Int32) {
    let text = SystemFile.text("/proc/\(process)/maps") ?? ""
    mappings = text.split(separator: "\n").compactMap { line in
      // For example: 7f5c8a000000-7f5c8a021000 r-xp 00002000 fe:01 123   /usr/lib/libc.so.6
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      let ends = (words.first ?? "").split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words.count == 6, ends.count == 2, ends[0] < ends[1],
        let offset = UInt(words[2], radix: 16)
      else { return nil }
      // The path is set in a column of its own.
      let path = words[5].drop { $0 == " " }
      guard path.hasPrefix("/") else { return nil }
      return Mapping(addresses: ends[0]..<ends[1], offset: offset, path: String(path))
    }
  }

  /// One line per address, such as `#3 TrainingStep.run(_:) + 120 in lcnn-dist`.
  ///
  /// All addresses but the first are those to which functions return.
  package func lines(for addresses: [UInt]) -> [String] {
    var tables: [String: SymbolTable] = [:]
    return addresses.enumerated().map { number, address in
      let hexadecimal = "0x\(String(address, radix: 16))"
      // A call may be the last instruction of its function.
      let inside = number == 0 ? address : address &- 1
      guard let mapping = mappings.first(where: { $0.addresses.contains(inside) }) else {
        return "#\(number) \(hexadecimal)"
      }
      let file = URL(fileURLWithPath: mapping.path).lastPathComponent
      if tables[mapping.path] == nil { tables[mapping.path] = SymbolTable(path: mapping.path) }
      let offset = inside - mapping.addresses.lowerBound + mapping.offset
      guard let symbol = tables[mapping.path]?.symbol(atFileOffset: offset) else {
        return "#\(number) \(hexadecimal) in \(file)"
      }
      return "#\(number) \(Self.demangled(symbol.name)) + \(symbol.offset) in \(file)"
    }
  }

  private static func demangled(_ name: String) -> String {
    guard let demangled = swiftDemangle(name, UInt(name.utf8.count), nil, nil, 0) else {
      return name
    }
    defer { free(demangled) }
    return String(cString: demangled)
  }
}

/// Function of the Swift runtime that allocates a demangled name; nil if the name is not Swift's.
@_silgen_name("swift_demangle")
private func swiftDemangle(
  _ name: UnsafePointer<CChar>?, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
  _ bufferSize: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
