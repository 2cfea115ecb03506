import Foundation
import Recipes
import Reporting
import TestFiles
import Testing

/// The report of runs on disk, without a browser.
@Suite struct RunReportTests {
  /// A standard and a low-curvature run with curvature and attacks.
  static func twoRuns() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try RunOnDisk.write(
      "a", arm: .standard, seed: 1, accuracy: 0.5, curvature: 40.5, robust: [0.5, 0.25],
      bend: 3, in: directory)
    try RunOnDisk.write(
      "b", arm: .lcnn, seed: 1, accuracy: 0.75, curvature: 4.5, robust: [0.75, 0.25],
      bend: 0.5, in: directory)
    return directory
  }

  static func html(_ report: RunReport) -> String {
    report.html(version: "0", date: Date(timeIntervalSince1970: 0))
  }

  static func report(_ runs: [String], in directory: TemporaryDirectory) throws -> RunReport {
    try RunReport(runs.map { "\(directory.path)/\($0)" })
  }

  @Test("the page needs no other file, and every plot has labels, marks and a table")
  func structure() throws {
    let directory = try Self.twoRuns()
    let page = Self.html(try Self.report(["a", "b"], in: directory))
    for other in ["http://", "https://", "src=", "@import", "url(", "href=\"/"] {
      #expect(!page.contains(other), "the page names \(other)")
    }
    let figures = page.components(separatedBy: "<figure>").dropFirst()
    #expect(figures.count >= 4)
    for figure in figures {
      let title = figure.prefix(80)
      #expect(figure.contains("class=\"label x\""), "\(title)")
      #expect(figure.contains("class=\"label y\""), "\(title)")
      #expect(figure.contains("data-t="), "\(title)")
      #expect(figure.contains("<details><summary>Data</summary>"), "\(title)")
    }
  }

  @Test("the summary says in words what was measured, and how many times less the second has")
  func summary() throws {
    let report = try Self.report(["a", "b"], in: try Self.twoRuns())
    #expect(
      report.summary == [
        "Right answers on test images: 50.00 % a, 75.00 % b",
        "Curvature, how fast the answer bends as the image changes (mean C_f): 40.5 a, 4.5 b: "
          + "9 times less",
        "Right answers after an attack that moves each image by 0.2 in L2 (PGD): 25.00 % a, "
          + "25.00 % b",
      ])
  }

  /// Bad input: a line about it, and the rest is drawn.
  @Test("what cannot be read is named, and the rest is drawn")
  func problems() throws {
    let directory = try Self.twoRuns()
    try FileManager.default.removeItem(atPath: "\(directory.path)/a/metrics.jsonl")
    try directory.write("{".utf8, to: "b/curvature.json")
    try directory.write(
      """
      {"step": 1, "epoch": 1, "train/loss": 1.5}
      null
      {"schema": 7, "step": 2, "epoch": 1, "train/loss": 1.5}
      {"step": 3, "epo
      """.utf8, to: "b/metrics.jsonl")
    try directory.write(
      "{\"epoch\": 1, \"images-per-second\": 5}\n{\"epo".utf8, to: "b/timings.jsonl")
    try directory.write("{}\n".utf8, to: "b/environment.jsonl")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 60)],
      ofItemAtPath: "\(directory.path)/b/metrics.jsonl")
    let report = try Self.report(["a", "none", "b"], in: directory)
    let root = directory.path
    #expect(
      report.problems == [
        "skipped \(root)/none: no run here, expected a directory with a recipe.json",
        "\(root)/a/metrics.jsonl: no steps, so there are no learning curves of this run",
        "\(root)/b/timings.jsonl:2: not a line of this file, or cut short; 1 such line left out",
        "\(root)/b/environment.jsonl:1: not a line of this file, or cut short; 1 such line left out",
        "\(root)/b/curvature.json: not JSON",
        "\(root)/b/metrics.jsonl:4: the last line is incomplete and is left out; "
          + "train --resume removes it",
        "\(root)/b/metrics.jsonl:2: expected a JSON object of numbers with \"step\" and \"epoch\"",
        "\(root)/b/metrics.jsonl:3: schema 7, this program reads up to 1; 1 such line left out",
      ]
        // The metrics are of a later time.
        + ["curvature", "attack", "landscape"].map {
          "\(root)/b/\($0).json is older than the run's last step: measure again"
        })
    let page = Self.html(report)
    #expect(page.contains("Robust accuracy, L2") && page.contains("schema 7"))
  }

  @Test("runs of different data sets are drawn with a warning")
  func dataSets() throws {
    let directory = try Self.twoRuns()
    try RunOnDisk.write(
      "c", arm: .lcnn, seed: 1, accuracy: 0.5, keys: [("data-set", "cifar10"), ("data", "DIR")],
      in: directory)
    let report = try Self.report(["a", "c"], in: directory)
    let last = try #require(report.problems.last)
    #expect(last.contains("cannot be compared: cifar10 (c), digits (a)"), "\(last)")
  }

  @Test("the paper's rows stand beside runs of its data set only")
  func paper() throws {
    let directory = try Self.twoRuns()
    try RunOnDisk.write(
      "p", arm: .lcnn, seed: 1, accuracy: 0.5, curvature: 70, robust: [0.5],
      keys: [("data-set", "cifar100"), ("data", "DIR")], in: directory)
    #expect(Self.html(try Self.report(["p"], in: directory)).contains("the paper, LCNN"))
    #expect(!Self.html(try Self.report(["a"], in: directory)).contains("the paper, "))
  }

  @Test("images, gradients and perturbations are drawn, and other text in their place is not")
  func images() throws {
    let directory = try Self.twoRuns()
    let document = RunOnDisk.landscapeDocument(bend: 1)
    let image = try #require(document.firstMatch(of: /"image" : "(.*?)"/)?.1)
    try directory.write(
      document.replacing(image, with: #"\"><script>alert(1)</script>"#).utf8,
      to: "b/landscape.json")
    let page = Self.html(try Self.report(["a", "b"], in: directory))
    #expect(page.components(separatedBy: "href=\"data:image/png;base64,").count == 1 + 6 + 4)
    #expect(!page.contains("<script>alert"))
    #expect(page.contains("Around test image 1, a") && page.contains("0: 4 → 1"))
  }

  @Test("names from files are escaped")
  func escaping() throws {
    let directory = try Self.twoRuns()
    try FileManager.default.moveItem(
      atPath: "\(directory.path)/a", toPath: "\(directory.path)/<script>alert(1)<")
    let page = Self.html(try Self.report(["<script>alert(1)<"], in: directory))
    #expect(!page.contains("<script>alert"))
  }

  @Test("200 epochs of twenty layers take less than 2 MB, and the newest epoch is there")
  func size() throws {
    let directory = try Self.twoRuns()
    let layers = (1...20).map { "layer\($0 / 5).\($0 % 5).conv" }
    let lines = (1...200).flatMap { epoch -> [String] in
      let norms = layers.map { "\"norm/\($0)/certified\": 1.03\(epoch), \"beta/\($0)\": 7.512345" }
      return (1...20).map {
        "{\"step\": \(epoch * 20 + $0), \"epoch\": \(epoch), \"train/loss\": 1.51234, "
          + "\"train/learning-rate\": 0.1}"
      } + [
        "{\"step\": \(epoch), \"epoch\": \(epoch), \"epoch/train-loss\": 1.51234, "
          + "\"test/accuracy\": 0.5123, \"beta/min\": 1.5, \"beta/max\": 3.25}",
        "{\"step\": \(epoch), \"epoch\": \(epoch), \"curvature/samples\": 9, "
          + "\"curvature/normalized/mean\": 4.51234, \(norms.joined(separator: ", "))}",
      ]
    }
    try directory.write(lines.map { "\($0)\n" }.joined().utf8, to: "a/metrics.jsonl")
    let page = Self.html(try Self.report(["a"], in: directory))
    #expect(page.utf8.count < 2_000_000, "\(page.utf8.count) bytes")
    for words in ["epoch 200", "Spectral norm by layer, a"] {
      #expect(page.contains(words) == true, "\(words)")
    }
  }
}
