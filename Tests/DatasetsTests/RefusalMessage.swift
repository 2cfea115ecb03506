import Datasets
import Testing

/// The message with which loading a split is refused.
func refusalMessage(
  _ source: DatasetSource, _ split: Dataset.Split, directory: String?
) -> String {
  do {
    let dataset = try source.load(split, directory: directory)
    Issue.record("\(dataset.name) was read, \(dataset.count) samples")
    return ""
  } catch {
    return error.description
  }
}
