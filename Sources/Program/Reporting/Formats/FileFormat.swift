/// The members of a JSON object, or the columns of a CSV file, that the program writes.
///
/// The documentation prints them, and a test compares them with written files.
public struct FileFormat: Sendable {
  /// A number, a text, …, or an object that occurs in several files.
  public enum Kind: String, Sendable {
    case integer, number, text, boolean, integers, numbers, texts
    /// An object whose members the text describes.
    case object
    /// A number, a text or a list, as in `recipe.json`.
    case value
    /// See ``FileFormat/statistics``.
    case statistics
    /// See ``FileFormat/proportion``.
    case proportion
  }

  public struct Field: Sendable {
    /// Names from the outermost object inwards, joined by ` › `; `[]` marks the elements of a list.
    ///
    /// Words in capitals stand for names: of a layer, a split, an attack.
    public let path: String
    public let kind: Kind
    public let meaning: String
    /// Whether the member may be null or missing.
    public let isOptional: Bool

    init(_ path: String, _ kind: Kind, _ meaning: String, optional: Bool = false) {
      self.path = path
      self.kind = kind
      self.meaning = meaning
      isOptional = optional
    }
  }

  public let title: String
  /// Words about the file as a whole.
  public let text: String
  public let fields: [Field]

  /// Whether the fields are those of other formats, which the documentation need not repeat.
  private let repeatsOthers: Bool

  init(_ title: String, _ text: String, _ fields: [Field], repeatsOthers: Bool = false) {
    self.title = title
    self.text = text
    self.fields = fields
    self.repeatsOthers = repeatsOthers
  }

  /// Files, in the order of the documentation.
  public static let files: [FileFormat] =
    [step, epoch, measurement, metricsTable, timings, environment, communication, state, trace]
    + [dump, evaluation, curvature, stability, attack, bound, landscape] + tables
    + [benchmark, examination]

  public static let all: [FileFormat] = files + [statistics, proportion]

  /// A section of the documentation.
  var markdown: String {
    guard !repeatsOthers else { return "### \(title)\n\n\(text)" }
    var table = MarkdownTable(["member", "kind", "meaning"])
    for field in fields {
      table.append([
        "`\(field.path)`", field.kind.rawValue + (field.isOptional ? ", may be null" : ""),
        field.meaning,
      ])
    }
    return "### \(title)\n\n\(text)\n\n\(table.text)"
  }
}
