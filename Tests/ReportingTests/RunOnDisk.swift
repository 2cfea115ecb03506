import Foundation
import Images
import Recipes
import TestFiles
import Training

/// Writes the directories of runs and the documents of measurements, without training.
enum RunOnDisk {
  /// A run of two epochs, with the measurements that are given.
  static func write(
    _ run: String, arm: Arm, seed: UInt64, accuracy: Double, curvature: Double? = nil,
    robust: [Double] = [], bend: Double? = nil, keys: [(String, String)] = [],
    starts: [(step: Int, learningRate: String)] = [], in directory: TemporaryDirectory
  ) throws {
    var recipe = Recipe()
    try recipe.apply(arm)
    recipe.seed = seed
    recipe.epochs = 2
    for (key, text) in keys { try recipe.set(key: key, text: text) }
    try directory.write(try recipe.json().utf8, to: "\(run)/recipe.json")
    try directory.write(
      """
      {"step": 1, "epoch": 1, "train/loss": 1.5}
      {"step": 1, "epoch": 1, "epoch/train-loss": 1.5, "test/accuracy": 0.125}
      {"step": 2, "epoch": 2, "epoch/train-loss": 1.25, "test/accuracy": \(accuracy)}
      {"step": 3, "epoch": 3, "epoch/tra
      """.utf8, to: "\(run)/metrics.jsonl")
    let history = try starts.map { start in
      try recipe.set(key: "learning-rate", text: start.learningRate)
      let text = try recipe.json().replacing("\n", with: "")
      return """
        {"versions": {"program": "", "messagePassing": "", "blas": ""}, "hosts": [], "threads": [], \
        "trainData": "", "testData": "", "step": \(start.step), "recipe": \(text)}

        """
    }
    if !history.isEmpty {
      try directory.write(history.joined().utf8, to: "\(run)/environment.jsonl")
    }
    if let curvature {
      try directory.write(curvatureDocument(mean: curvature).utf8, to: "\(run)/curvature.json")
    }
    if !robust.isEmpty {
      try directory.write(attackDocument(robust: robust).utf8, to: "\(run)/attack.json")
    }
    if let bend {
      try directory.write(landscapeDocument(bend: bend).utf8, to: "\(run)/landscape.json")
    }
  }

  /// A document of `curvature --json` as the program writes it, of a model named `m`.
  static func curvatureDocument(mean: Double) -> String {
    """
    {
      "data-set" : "digits",
      "method" : "ten products",
      "model" : "m",
      "of" : "loss",
      "seed" : 1729,
      "splits" : {
        "test" : {
          "accuracy" : 0.5,
          "classes" : [
            {
              "curvature" : \(mean),
              "gradient-norm" : 2.5,
              "hessian-norm" : 30.5,
              "label" : 4,
              "samples" : 7
            }
          ],
          "curvature" : \(statistics(mean)),
          "gradient-norm" : \(statistics(2.5)),
          "hessian-norm" : \(statistics(30.5)),
          "histogram" : {
            "bins" : [
              {
                "count" : 7,
                "lower" : 0.25,
                "upper" : 0.75
              }
            ],
            "zeros" : 0
          },
          "not-converged" : 1,
          "products" : \(statistics(10.5)),
          "residual" : \(statistics(0.125)),
          "samples" : 7
        }
      }
    }

    """
  }

  private static func statistics(_ mean: Double) -> String {
    """
    {
            "count" : 7,
            "maximum" : \(mean),
            "mean" : \(mean),
            "median" : \(mean),
            "p5" : \(mean),
            "p95" : \(mean),
            "p99" : \(mean),
            "standard-deviation" : 0.5,
            "standard-error" : 0.25
          }
    """
  }

  /// A document of `attack --json` as the program writes it: robust accuracies at 0.1, 0.2, ….
  static func attackDocument(robust: [Double]) -> String {
    let rows = robust.enumerated().map { index, share in
      """
            {
              "attacked" : 9,
              "broken" : {
                "pgd" : 3
              },
              "epsilon" : 0.\(index + 1),
              "mean-distance" : 0.0625,
              "robust" : {
                "count" : 9,
                "hits" : 6,
                "lower" : 0.125,
                "share" : \(share),
                "upper" : 0.875
              },
              "signs" : {
                "flat" : false,
                "no-growth" : 0,
                "zero-gradient" : 0
              }
            }
      """
    }
    return """
      {
        "attacks" : [
          "pgd"
        ],
        "data-set" : "digits",
        "effort" : {
          "steps" : 20
        },
        "model" : "m",
        "norm" : "l2",
        "results" : {
          "accuracy" : {
            "count" : 9,
            "hits" : 9,
            "lower" : 0.625,
            "share" : 0.9375,
            "upper" : 0.96875
          },
          "epsilons" : [
      \(rows.joined(separator: ",\n"))
          ]
        },
        "seed" : 1729,
        "split" : "test"
      }

      """
  }

  /// A document of `landscape --json` as the program writes it: two images, whose loss bends by
  /// `bend`.
  static func landscapeDocument(bend: Double) -> String {
    func png(_ values: [Float]) -> String {
      Data(PNG(values, width: 2, height: 2, channels: 1).bytes).base64EncodedString()
    }
    let images = (0..<2).map { index in
      """
            {
              "adversarial-prediction" : 1,
              "distance" : 0.2,
              "gradient" : "\(png([0, 0.5, 1, 0.5]))",
              "gradient-norm" : 2.5,
              "image" : "\(png([0, 0.25, 0.5, 1]))",
              "index" : \(index),
              "label" : 4,
              "largest-gradient" : 0.75,
              "largest-perturbation" : 0.0625,
              "linearization-error" : \(bend),
              "perturbation" : "\(png([1, 0.5, 0, 0.5]))",
              "prediction" : 4,
              "value" : 0.125,
              "values" : [\(bend - 1), 0.125, \(bend + 1), -0.875, 0.125, 1.125, -1, 0, 1]
            }
      """
    }
    return """
      {
        "data-set" : "digits",
        "epsilon" : 0.2,
        "model" : "m",
        "norm" : "l2",
        "of" : "loss",
        "points" : 3,
        "radius" : 0.5,
        "seed" : 1729,
        "splits" : {
          "test" : {
            "images" : [
      \(images.joined(separator: ",\n"))
            ],
            "linearization-error" : \(statistics(bend)),
            "samples" : 2
          }
        },
        "steps" : 20
      }

      """
  }
}
