import Checkpoints
import Recipes
import Training

/// A model that is shown or compared: its tensors and its recipe.
public struct ModelOfTable {
  let path: String
  let tensors: FileState
  let recipe: Recipe?

  /// Reads a model file, a checkpoint's or a run's; `note` gets a line about each checkpoint that
  /// cannot be used.
  public init(_ path: String, note: (String) -> Void) throws {
    let file = try ModelFile(path, note: note)
    (self.path, tensors, recipe) = (file.path, file.dictionary, file.recipe)
  }
}

/// Tables of tensors, for `checkpoint inspect` and `checkpoint diff`.
public enum TensorTable {
  /// A line per tensor: shape, least and greatest value, mean.
  public static func describe(_ model: ModelOfTable) -> String {
    var table = TextTable(header: ["tensor", "shape", "least", "greatest", "mean"], leftAligned: 2)
    for name in model.tensors.names.sorted() {
      let values = model.tensors.values(of: name) ?? []
      let sum = values.reduce(0.0) { $0 + Double($1) }
      table.append(
        [name, "\(model.tensors.shape(of: name) ?? [])"]
          + [values.min().map(Double.init), values.max().map(Double.init)].map(TextTable.number)
          + [TextTable.number(values.isEmpty ? nil : sum / Double(values.count))])
    }
    return "\(model.path)\n\n\(table.text)"
  }

  /// The recipe keys that differ, and a line per tensor that does: the greatest difference of an
  /// element, absolute and relative to the tensor's greatest magnitude.
  public static func compare(_ first: ModelOfTable, _ second: ModelOfTable) -> String {
    var lines = ["\(first.path)", "\(second.path)", ""]
    if let old = first.recipe?.jsonObject, let new = second.recipe?.jsonObject {
      lines += Recipe.keys.map(\.name).filter { old[$0] != new[$0] }.map {
        "\($0): \(old[$0] ?? .null) → \(new[$0] ?? .null)"
      }
    }
    var table = TextTable(header: ["tensor", "largest difference", "relative"])
    var equal = 0
    for name in Set(first.tensors.names + second.tensors.names).sorted() {
      guard let a = first.tensors.values(of: name), let b = second.tensors.values(of: name),
        first.tensors.shape(of: name) == second.tensors.shape(of: name)
      else {
        let shapes = [first, second].map { model in
          model.tensors.shape(of: name).map { "\($0)" } ?? "none"
        }
        table.append([name, shapes.joined(separator: " → "), ""])
        continue
      }
      if a.map(\.bitPattern) == b.map(\.bitPattern) {
        equal += 1
        continue
      }
      let largest = zip(a, b).map { abs(Double($0) - Double($1)) }.max() ?? 0
      let scale = a.map { abs(Double($0)) }.max() ?? 0
      table.append([
        name, TextTable.number(largest), TextTable.number(scale > 0 ? largest / scale : nil),
      ])
    }
    return (lines + [table.text, "equal bits: \(equal) tensors"]).joined(separator: "\n")
  }
}
