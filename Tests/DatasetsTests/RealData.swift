import Environment
import Foundation

/// Files of real data sets.
enum RealData {
  /// The first record of the training split of the official binary CIFAR-100, which the repository holds.
  static let cifar100Record = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Records/cifar100-first-record.bin").path(percentEncoded: false)

  /// Fashion-MNIST in the folder of data sets that `LCNN_SHARED` names, `../shared/data` by default.
  static let fashionMNIST = sharedFolder + "/fashion-mnist"

  static let hasFashionMNIST = FileManager.default.fileExists(atPath: fashionMNIST)

  private static let sharedFolder =
    EnvironmentVariable.sharedData.value(in: ProcessInfo.processInfo.environment)
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../shared/data").standardized.path(percentEncoded: false)
}
