import Curvature
import Datasets
import Foundation
import Images
import Robustness
import Surveys

/// A sample's surroundings as the JSON document holds them; images are PNG files in Base64.
public struct SampleImages: Codable, Sendable {
  public let index: Int
  public let label: Int
  public let prediction: Int
  public let adversarialPrediction: Int
  /// f at the image.
  public let value: Double
  public let gradientNorm: Double
  public let linearizationError: Double
  /// Length of the perturbation in the norm of the attack.
  public let distance: Double
  /// points × points values of f, those along the gradient innermost.
  public let values: [Double]
  /// The modulus that is black or white in the image of the gradient.
  public let largestGradient: Double
  /// The modulus that is black or white in the image of the perturbation.
  public let largestPerturbation: Double
  public let image: String
  public let gradient: String
  public let perturbation: String

  private enum CodingKeys: String, CodingKey {
    case index, label, prediction, value, distance, values, image, gradient, perturbation
    case adversarialPrediction = "adversarial-prediction"
    case gradientNorm = "gradient-norm"
    case linearizationError = "linearization-error"
    case largestGradient = "largest-gradient"
    case largestPerturbation = "largest-perturbation"
  }

  init(
    _ sample: LandscapeSurvey.Sample, index: Int, offsets: [Double], threat: ThreatModel,
    of dataset: Dataset
  ) {
    self.index = index
    label = Int(dataset.labels[index])
    prediction = sample.plane.prediction
    adversarialPrediction = sample.adversarialPrediction
    value = sample.plane.center
    gradientNorm = sample.plane.gradientNorm
    linearizationError = sample.plane.linearizationError(offsets: offsets)
    values = sample.plane.values
    let moves = sample.perturbation.map { Double(abs($0)) }
    distance =
      switch threat.norm {
      case .l2: moves.reduce(0) { $0 + $1 * $1 }.squareRoot()
      case .linf: moves.max() ?? 0
      }
    largestGradient = Double(sample.gradient.reduce(0) { max($0, abs($1)) })
    largestPerturbation = moves.max() ?? 0
    var pixels = [Float](repeating: 0, count: dataset.pixelsPerImage)
    pixels.withUnsafeMutableBufferPointer { dataset.copyImage(index, into: $0) }
    func text(_ values: [Float], _ makePNG: ([Float], Int, Int, Int) -> PNG) -> String {
      let shown = dataset.channels == 3 ? values : Self.gray(values, dataset.channels)
      let png = makePNG(shown, dataset.width, dataset.height, dataset.channels == 3 ? 3 : 1)
      return Data(png.bytes).base64EncodedString()
    }
    image = text(pixels) { PNG($0, width: $1, height: $2, channels: $3) }
    func signed(_ values: [Float]) -> String {
      text(values) { PNG.signed($0, width: $1, height: $2, channels: $3) }
    }
    gradient = signed(sample.gradient)
    perturbation = signed(sample.perturbation)
  }

  /// Means over the channels, for images that are neither gray nor RGB.
  private static func gray(_ values: [Float], _ channels: Int) -> [Float] {
    guard channels > 1 else { return values }
    return stride(from: 0, to: values.count, by: channels).map {
      values[$0..<$0 + channels].reduce(0, +) / Float(channels)
    }
  }

  /// The three images with their names, if they are PNG files.
  public var pictures: [(name: String, png: PNG)] {
    [("image", image), ("input-gradient", gradient), ("perturbation", perturbation)]
      .compactMap { name, text in
        Data(base64Encoded: text).flatMap { PNG(bytes: Array($0)) }.map { (name, $0) }
      }
  }
}
