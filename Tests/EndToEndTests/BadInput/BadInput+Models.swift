import Failures
import Foundation

// Model files that are damaged, lie about their contents, or belong to another network.
extension BadInput {
  static let models =
    models(for: ["train", "--run", "run", "--initial"])
    + models(for: ["evaluate", "--recipe", "digits", "--model"]) + [
      model(
        "a file without a recipe", ["evaluate", "--model"],
        header: #"{"a":\#(tensor)[0,8]},"b":\#(tensor)[8,16]}}"#, status: .usage,
        ["carries no recipe", "--recipe"])
    ]

  private static let tensor = #"{"dtype":"F32","shape":[2],"data_offsets":"#

  private static func models(for command: [String]) -> [BadInput] {
    [
      BadInput(
        "\(command[0]): a missing file", command + ["m.safetensors"], .unusableInput,
        ["m.safetensors", "No such file"]),
      model("a header that is no JSON", command, header: #"{"a":"#, ["expected"]),
      model(
        "a header longer than the file", command, header: "{}", length: 1000,
        ["header of 1000 bytes", "expected at most 18 in a file of 26"]),
      model(
        "a huge header", command, header: "{}", length: 1 << 40,
        ["header of 1099511627776 bytes", "expected at most 100000000"]),
      model(
        "overlapping tensors", command,
        header: #"{"a":\#(tensor)[0,8]},"b":\#(tensor)[4,12]}}"#, ["b: data begins at 4"]),
      model(
        "a tensor beyond the file's end", command,
        header: #"{"a":\#(tensor)[0,8]},"b":\#(tensor)[8,24]}}"#, ["b: found 16 bytes"]),
      model(
        "data that end too early", command,
        header: #"{"a":\#(tensor)[0,8]},"b":\#(tensor)[8,16]},"c":\#(tensor)[16,24]}}"#,
        ["c: data ends at 24, expected at most 16"]),
      model(
        "another network's tensors", command,
        header: #"{"a":\#(tensor)[0,8]},"b":\#(tensor)[8,16]}}"#, ["no tensor"]),
      BadInput(
        "\(command[0]): tensors of another shape",
        command.map { $0 == "run" ? "new" : $0 } + ["run"],
        .unusableInput, ["step-00000001/model.safetensors: ", "but the network needs ["]
      ) { try trainOneStep(in: $0, ["--widths", "8,16", "--stem", "8"]) },
    ]
  }

  /// A file with this header, which says it is `length` bytes long, and 16 bytes of data.
  private static func model(
    _ name: String, _ command: [String], header: String, length: UInt64? = nil,
    status: ExitStatus = .unusableInput, _ words: [String]
  ) -> BadInput {
    BadInput(
      "\(command[0]): \(name)", command + ["m.safetensors"], status,
      ["m.safetensors"] + words
    ) {
      let bytes = Array(header.utf8)
      let start = withUnsafeBytes(of: (length ?? UInt64(bytes.count)).littleEndian, Array.init)
      try $0.write(start + bytes + [UInt8](repeating: 0, count: 16), to: "m.safetensors")
    }
  }
}
