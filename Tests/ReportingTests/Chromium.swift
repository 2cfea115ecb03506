import Foundation
import TestFiles

/// Headless Chromium, where it is installed.
enum Chromium {
  static let path = ["chromium", "chromium-browser", "google-chrome"].flatMap { name in
    ["/usr/bin/\(name)", "/usr/local/bin/\(name)", "/snap/bin/\(name)"]
  }.first { FileManager.default.isExecutableFile(atPath: $0) }

  struct Outcome {
    /// The page as HTML, after its scripts have run.
    let dom: String
    /// Console messages of the page, and errors of its scripts.
    let console: [String]
  }

  /// Loads a file and returns the page as it then is.
  static func load(_ file: String, in directory: TemporaryDirectory) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
      "--user-data-dir=\(directory.path)/profile", "--virtual-time-budget=2000", "--dump-dom",
      "file://\(file)",
    ]
    let output = try directory.newFile("dom")
    let errors = try directory.newFile("console")
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    try output.close()
    try errors.close()
    let lines = try directory.text("console").split(separator: "\n").map(String.init)
    return Outcome(
      dom: try directory.text("dom"), console: lines.filter { $0.contains("CONSOLE") })
  }
}
