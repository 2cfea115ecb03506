/// A data set that a recipe can name.
///
/// A new data set is a case here and a ``DatasetSource`` in a file of its own.
public enum DatasetName: String, CaseIterable, Sendable {
  case digits, cifar10, cifar100, idx, synthetic

  /// The source of the samples; `synthetic` is evaluated for that data set only.
  public func source(synthetic: @autoclosure () -> DatasetSource) -> DatasetSource {
    switch self {
    case .digits: .digits
    case .cifar10: .cifar10
    case .cifar100: .cifar100
    case .idx: .idx
    case .synthetic: synthetic()
    }
  }
}

/// A source of labelled images, in two splits.
public struct DatasetSource: Sendable {
  /// Format of the images; of `idx` that of MNIST, as its files may hold other ones.
  public let format: Dataset.Format
  /// Whether the samples are read from a directory.
  public let hasFiles: Bool
  private let read:
    @Sendable (_ split: Dataset.Split, _ directory: String?) throws(DatasetError) -> Dataset

  /// A source that is part of the program, or made by it.
  init(
    format: Dataset.Format,
    make: @escaping @Sendable (Dataset.Split) throws(DatasetError) -> Dataset
  ) {
    self.format = format
    hasFiles = false
    read = { (split, _) throws(DatasetError) in try make(split) }
  }

  /// A source whose samples are read from the files in a directory.
  init(
    format: Dataset.Format,
    read: @escaping @Sendable (Dataset.Split, String?) throws(DatasetError) -> Dataset
  ) {
    self.format = format
    hasFiles = true
    self.read = read
  }

  /// Reads a split, from `directory` if the source has files.
  public func load(
    _ split: Dataset.Split, directory: String?
  ) throws(DatasetError) -> Dataset {
    try read(split, directory)
  }
}
