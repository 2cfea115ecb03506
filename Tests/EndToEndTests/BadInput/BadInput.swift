import Failures
import Foundation
import TestFiles
import Testing

/// Input that cannot be used, and what the program must say about it.
struct BadInput: Sendable, CustomTestStringConvertible {
  let name: String
  let arguments: [String]
  let status: ExitStatus
  /// Parts that the line must contain: file and reason.
  let words: [String]
  /// Writes the files.
  let prepare: @Sendable (TemporaryDirectory) throws -> Void

  init(
    _ name: String, _ arguments: [String], _ status: ExitStatus, _ words: [String],
    prepare: @escaping @Sendable (TemporaryDirectory) throws -> Void = { _ in }
  ) {
    self.name = name
    self.arguments = arguments
    self.status = status
    self.words = words
    self.prepare = prepare
  }

  var testDescription: String { name }
}

// MARK: Recipes

extension BadInput {
  static let recipes = [
    recipe(
      "an unknown key", "data-set: digits\nepoch: 3\n",
      ["case.yaml:2: ", "\"epoch\"", "did you mean \"epochs\"?"]),
    recipe(
      "a value of a wrong type", "epochs: many\n",
      ["case.yaml:1: epochs is many, expected a whole number of at least 1"]),
    BadInput(
      "a flag's value of a wrong type", ["train", "--run", "run", "--epochs", "many"], .usage,
      ["--epochs is many, expected a whole number of at least 1"]),
    BadInput(
      "a misspelt built-in recipe", ["train", "--run", "run", "--recipe", "digit"], .usage,
      ["digit: no such file or built-in recipe", "did you mean \"digits\"?"]),
    BadInput(
      "a batch smaller than the number of ranks",
      ["train", "--run", "run", "--batch-size", "1"], .usage,
      ["--batch-size 1", "2 ranks"]),
    recipe(
      "one value per channel in the last batch",
      "architecture: vgg\nlayers: [4, M, 4, M, 4, M, 4]\nbatch-size: 64\ntrain-samples: 65\n",
      ["a batch of 1 sample", "1×1", "--batch-size"]),
    recipe(
      "more poolings than the image admits",
      "architecture: vgg\nlayers: [4, M, M, M, M]\n",
      ["8×8 images are too small for 4 poolings", "16 pixels"]),
  ]

  private static func recipe(_ name: String, _ text: String, _ words: [String]) -> BadInput {
    BadInput(name, ["train", "--recipe", "case.yaml", "--run", "run"], .usage, words) {
      try $0.write(text.utf8, to: "case.yaml")
    }
  }
}

// MARK: Run directories

extension BadInput {
  static let runs = [
    BadInput(
      "a run below a regular file", ["train", "--run", "file/run"], .runDirectory,
      ["file", "Not a directory"]
    ) { try $0.write("mine".utf8, to: "file") },
    BadInput(
      "a directory that holds a run", ["train", "--run", "run"], .runDirectory,
      ["run holds a run already", "--resume"]
    ) { try trainOneStep(in: $0) },
    BadInput(
      "a directory that holds other files", ["train", "--run", "run"], .runDirectory,
      ["run holds files and no run"]
    ) { try $0.write("mine".utf8, to: "run/notes.txt") },
    BadInput(
      "no directory to resume", ["train", "--resume", "--run", "run"], .runDirectory,
      ["run: no such run"]),
    BadInput(
      "an empty directory to resume", ["train", "--resume", "--run", "run"], .unusableInput,
      ["run: no run to resume"]
    ) {
      try FileManager.default.createDirectory(
        atPath: "\($0.path)/run", withIntermediateDirectories: true)
    },
    BadInput(
      "a run that is to end before its present",
      ["train", "--resume", "--run", "run"]
        + ["--epochs", "1"], .usage, ["--epochs 1", "epoch 2"]
    ) { try trainOneStep(in: $0, ["--train-samples", "64", "--max-steps", "2"]) },
    BadInput(
      "a run of other steps", ["train", "--resume", "--run", "run", "--batch-size", "32"], .usage,
      ["--batch-size 64", "32"]
    ) { try trainOneStep(in: $0) },
  ]

  static func trainOneStep(in directory: TemporaryDirectory, _ flags: [String] = []) throws {
    let arguments = ["train", "--run", "run", "--max-steps", "1", "--test-samples", "10"] + flags
    let outcome = try Program.run(arguments, in: directory)
    try #require(outcome.status == 0, "\(outcome)")
  }
}
