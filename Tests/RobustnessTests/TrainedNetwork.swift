import Foundation
import Kernels
import MessagePassing
import Networks
import Recipes
import Robustness
import TestFiles
import Training

/// A small network after some epochs on the embedded digits.
struct TrainedNetwork {
  let model: Model
  let images: [Float]
  let labels: [Int32]
  static let samples = 24

  init(_ change: (inout Recipe) -> Void = { _ in }) throws {
    let directory = try TemporaryDirectory()
    var recipe = try Recipe.load("digits")
    (recipe.epochs, recipe.stem, recipe.widths) = (2, 4, [4, 8])
    change(&recipe)
    // Products that OpenBLAS's threads share are rounded as the threads come.
    useOneBLASThread()
    let setup = try TrainerSetup(
      recipe, run: "\(directory.path)/run", start: .fresh(initial: nil),
      versions: RunEnvironment.Versions(program: "", messagePassing: "", blas: ""),
      communicator: SoloCommunicator(), note: { _ in })
    _ = try setup.makeTrainer(observer: nil).run()
    let data = try recipe.load(.test)
    model = try Model(
      recipe.networkArchitecture(for: data),
      ModelConfiguration(.curvature, maximumSamples: Self.samples),
      communicator: SoloCommunicator())
    let file = try ModelFile("\(directory.path)/run", note: { _ in })
    try model.load(file.dictionary, from: file.path)
    model.refresh(.evaluation)
    var pixels = [Float](repeating: 0, count: Self.samples * data.pixelsPerImage)
    pixels.withUnsafeMutableBufferPointer { buffer in
      for index in 0..<Self.samples {
        let place = index * data.pixelsPerImage..<(index + 1) * data.pixelsPerImage
        data.copyImage(index, into: UnsafeMutableBufferPointer(rebasing: buffer[place]))
      }
    }
    images = pixels
    labels = data.labels.prefix(Self.samples).map { Int32($0) }
  }
}

extension Model {
  /// The bound of the model as it is.
  func networkBound() throws -> NetworkBound {
    try NetworkBound(self, over: SoloCommunicator())
  }
}
