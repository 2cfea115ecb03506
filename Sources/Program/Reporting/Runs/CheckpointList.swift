import Checkpoints
import Files

/// The checkpoints of a run, one per line.
public struct CheckpointList {
  public let text: String

  public init(_ store: CheckpointStore) throws {
    let steps = try store.steps()
    let best = try store.stepsByAccuracy().first
    var table = TextTable(
      header: ["checkpoint", "step", "epoch", "test acc. %", "bytes", ""], leftAligned: 1)
    for step in steps {
      let state = store.state(step: step)
      let accuracy = state?.testAccuracy.map { TextTable.number(100 * $0) } ?? "–"
      let epoch = state.map { "\($0.epoch)\($0.stepInEpoch > 0 ? " + \($0.stepInEpoch)" : "")" }
      let marks = [step == steps.last ? "latest" : nil, step == best ? "best" : nil]
      let bytes = try FileSystem.entries(of: store.path(step: step)).reduce(0) { sum, name in
        sum + (try InputFile(reading: "\(store.path(step: step))/\(name)").byteCount)
      }
      table.append([
        store.path(step: step), "\(step)", epoch ?? "damaged", accuracy, "\(bytes)",
        marks.compactMap { $0 }.joined(separator: ", "),
      ])
    }
    text = table.text
  }
}
