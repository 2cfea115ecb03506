import Checkpoints

/// The members of a measurement's document that name the model's file; nil in older documents.
public struct ModelOriginMembers: Codable, Equatable, Sendable {
  public let sha256: String?
  public let step: Int?

  private enum CodingKeys: String, CodingKey {
    case sha256 = "model-sha256"
    case step = "model-step"
  }

  init(_ origin: Checkpoint.ModelOrigin?) {
    sha256 = origin?.sha256
    step = origin?.step
  }
}

/// Report of a measurement of one split: a text, CSV lines and statistics.
public protocol SplitReport {
  associatedtype Summary: Encodable
  /// Settings of the measurement, which its JSON document includes.
  associatedtype Settings: Encodable

  /// Names of the columns of ``csv``.
  static var csvHeader: String { get }
  /// One or more lines per sample.
  var csv: String { get }
  var text: String { get }
  var summary: Summary { get }
}

/// JSON document of a measurement, written by `--json` of `curvature`, `stability` and `bound`.
public struct MeasurementFile<Report: SplitReport> {
  /// Name of the model, as given on the command line.
  public let model: String
  /// SHA-256 of the model's file, and the steps that have trained it; nil in older documents.
  public let origin: ModelOriginMembers
  /// Name of f, the measured function of the image.
  public let function: String
  public let dataSet: String
  public let seed: UInt64
  public let splits: [String: Report.Summary]
  /// Settings of the measurement; the document lists their members beside those above.
  public let settings: Report.Settings

  public init(
    model: String, origin: Checkpoint.ModelOrigin? = nil, function: String, dataSet: String,
    seed: UInt64, splits: [String: Report.Summary], settings: Report.Settings
  ) {
    self.model = model
    self.origin = ModelOriginMembers(origin)
    self.function = function
    self.dataSet = dataSet
    self.seed = seed
    self.splits = splits
    self.settings = settings
  }

  private enum CodingKeys: String, CodingKey {
    case model, seed, splits
    case function = "of"
    case dataSet = "data-set"
  }
}

extension MeasurementFile: Encodable {
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    try origin.encode(to: encoder)
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(model, forKey: .model)
    try members.encode(function, forKey: .function)
    try members.encode(dataSet, forKey: .dataSet)
    try members.encode(seed, forKey: .seed)
    try members.encode(splits, forKey: .splits)
  }
}

extension MeasurementFile: Decodable where Report.Summary: Decodable, Report.Settings: Decodable {
  public init(from decoder: any Decoder) throws {
    settings = try Report.Settings(from: decoder)
    origin = try ModelOriginMembers(from: decoder)
    let members = try decoder.container(keyedBy: CodingKeys.self)
    model = try members.decode(String.self, forKey: .model)
    function = try members.decode(String.self, forKey: .function)
    dataSet = try members.decode(String.self, forKey: .dataSet)
    seed = try members.decode(UInt64.self, forKey: .seed)
    splits = try members.decode([String: Report.Summary].self, forKey: .splits)
  }
}
