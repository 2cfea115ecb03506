import Curvature
import Datasets
import EventFiles
import Surveys

/// Report of a landscape survey of one split: a text, CSV lines, and images.
public struct LandscapeReport: SplitReport {
  /// Names of the columns of ``csv``.
  public static let csvHeader =
    "split,index,label,prediction,along-gradient,along-random,value\n"

  public struct Settings: Codable, Sendable {
    /// Largest distance along each direction, in L2.
    public let radius: Double
    /// Points along each direction.
    public let points: Int
    public let norm: String
    public let epsilon: Double
    /// Steps of the attack.
    public let steps: Int

    public init(_ settings: LandscapeSurvey.Settings) {
      radius = settings.radius
      points = settings.points
      norm = settings.threat.norm.rawValue
      epsilon = settings.threat.epsilon
      steps = settings.steps
    }
  }

  public struct Summary: Codable, Sendable {
    public let samples: Int
    public let linearizationError: SampleStatistics
    public let images: [SampleImages]

    private enum CodingKeys: String, CodingKey {
      case samples, images
      case linearizationError = "linearization-error"
    }
  }

  public let summary: Summary
  private let dataset: Dataset
  private let offsets: [Double]

  public init(
    _ samples: [LandscapeSurvey.Sample], settings: LandscapeSurvey.Settings, of dataset: Dataset
  ) {
    self.dataset = dataset
    let offsets = LossPlane.offsets(radius: settings.radius, points: settings.points)
    self.offsets = offsets
    let images = samples.enumerated().map { index, sample in
      SampleImages(
        sample, index: index, offsets: offsets, threat: settings.threat, of: dataset)
    }
    summary = Summary(
      samples: samples.count,
      linearizationError: SampleStatistics(images.map(\.linearizationError)), images: images)
  }

  /// One line per sample and point, in the order of the data set; numbers read back exactly.
  public var csv: String {
    summary.images.map { image in
      image.values.enumerated().map { place, value in
        let (row, column) = place.quotientAndRemainder(dividingBy: offsets.count)
        return "\(dataset.split.rawValue),\(image.index),\(image.label),\(image.prediction),"
          + "\(offsets[column]),\(offsets[row]),\(value)\n"
      }.joined()
    }.joined()
  }

  /// Table with one row per sample.
  public var text: String {
    var table = TextTable(header: [
      "sample", "label", "prediction", "under attack", "f", "‖∇f‖", "linearization error",
    ])
    for image in summary.images {
      table.append(
        ["\(image.index)", "\(image.label)", "\(image.prediction)"]
          + ["\(image.adversarialPrediction)"]
          + [image.value, image.gradientNorm, image.linearizationError].map(TextTable.number))
    }
    return "\(dataset.name) \(dataset.split.rawValue): \(summary.samples) samples, "
      + "linearization error mean \(TextTable.number(summary.linearizationError.mean))\n"
      + table.text
  }

  /// The images as values for TensorBoard.
  public var pictures: [EventFiles.Summary] {
    summary.images.flatMap { image in
      image.pictures.map { name, png in
        .image("\(name)/\(dataset.split.rawValue)-\(image.index)", png)
      }
    }
  }
}
