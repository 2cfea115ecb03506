/// Where samples come from, as a recipe names it.
public enum DatasetSource: Sendable, Hashable {
  /// 8 × 8 handwritten digits, part of the program.
  case digits
  /// The binary version of CIFAR-10: the directory itself or its `cifar-10-batches-bin`.
  case cifar10
  /// The binary version of CIFAR-100, fine labels: the directory itself or its `cifar-100-binary`.
  case cifar100
  /// MNIST, Fashion-MNIST: the directory or its `raw`, `MNIST/raw` or `FashionMNIST/raw`.
  case idx
  /// Images made from random numbers, `count` of them in each split; see ``Synthetic``.
  case synthetic(
    height: Int, width: Int, channels: Int, classes: Int, count: Int, seed: UInt64)

  public var name: String {
    switch self {
    case .digits: "digits"
    case .cifar10: "cifar10"
    case .cifar100: "cifar100"
    case .idx: "idx"
    case .synthetic: "synthetic"
    }
  }

  /// Reads a split, from `directory` where the source has files.
  public func load(
    _ split: Dataset.Split, directory: String?
  ) throws(DatasetError) -> Dataset {
    switch self {
    case .digits: try Digits.load(split)
    case .cifar10: try CIFAR.ten.load(split, directory: directory)
    case .cifar100: try CIFAR.hundred.load(split, directory: directory)
    case .idx: try IDX.load(split, directory: directory)
    case .synthetic(let height, let width, let channels, let classes, let count, let seed):
      Synthetic(
        format: Dataset.Format(height: height, width: width, channels: channels, classes: classes),
        count: count, seed: seed
      ).generate(split)
    }
  }
}
