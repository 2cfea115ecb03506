import Datasets
import Kernels
import MessagePassing
import Networks
import Recipes
import TestFiles
import Testing
import Training

/// A network on the digits whose logits have grown for 150 epochs without weight decay, and the test
/// images.
struct ConfidentNetwork: Sendable {
  let data: Dataset
  private let file: ModelFile
  private let architecture: Architecture

  init() throws {
    let directory = try TemporaryDirectory()
    let outcome = try Program.run(
      [
        "train", "--run", "run", "--architecture", "vgg", "--layers", "8,M,16", "--variant",
        "standard", "--softplus-beta", "10", "--epochs", "150", "--batch-size", "32",
        "--weight-decay", "0",
      ], in: directory)
    try #require(outcome.status == 0, "\(outcome)")
    file = try ModelFile("\(directory.path)/run", note: { _ in })
    let recipe = try #require(file.recipe)
    data = try recipe.load(.test)
    architecture = try recipe.networkArchitecture(for: data)
    // Products that OpenBLAS's threads share are rounded as the threads come.
    useOneBLASThread()
  }

  /// The model in memory, refreshed for evaluation.
  func load(
    _ purpose: ModelConfiguration.Purpose, maximumSamples: Int, communicator: any Communicator
  ) throws -> Model {
    let model = try Model(
      architecture, ModelConfiguration(purpose, maximumSamples: maximumSamples),
      communicator: communicator)
    try model.load(file.dictionary, from: file.path)
    model.refresh(.evaluation)
    return model
  }

  /// The pixels of test image `index`.
  func image(_ index: Int) -> [Float] {
    var pixels = [Float](repeating: 0, count: data.pixelsPerImage)
    pixels.withUnsafeMutableBufferPointer { data.copyImage(index, into: $0) }
    return pixels
  }
}
