import Benchmarks
import Kernels
import Networks

/// A network as a table: its blocks with shapes, parameters and multiply-adds, and its memory.
public struct NetworkDescription {
  private let model: Model
  private let batch: Int

  /// - Parameters:
  ///   - model: planned for its purpose.
  ///   - batch: samples of this rank in a step.
  public init(_ model: Model, batch: Int) {
    self.model = model
    self.batch = batch
  }

  /// Multiply-adds of the definition of a convolution, padding included, for one image.
  private static func multiplyAdds(_ geometry: ConvolutionGeometry) -> Int {
    geometry.patch * geometry.outputChannels * geometry.outputHeight * geometry.outputWidth
  }

  private static func mebibytes(_ bytes: Int) -> String {
    TextTable.number(Double(bytes) / 1_048_576)
  }

  public var text: String {
    let architecture = model.architecture
    var table = TextTable(
      header: ["block", "output", "parameters", "multiply-adds per image"], leftAligned: 2)
    var counted: Set<ObjectIdentifier> = []
    var operations = 0
    for (block, layer) in zip(NetworkInventory(model).blocks, model.chain.layers) {
      // A parameter that several layers share counts once.
      let parameters = layer.parameters.filter { counted.insert(ObjectIdentifier($0)).inserted }
      let products = block.convolutions.reduce(0) { $0 + Self.multiplyAdds($1) }
      operations += products
      let parts = block.name.components(separatedBy: " → ")
      table.append([
        parts[0], parts.count > 1 ? parts[1] : "",
        "\(parameters.reduce(0) { $0 + $1.shape.count })", "\(products)",
      ])
    }
    return """
      images of \(architecture.height)×\(architecture.width)×\(architecture.channels), \
      \(architecture.classes) classes
      \(table.text)
      \(model.flatParameters.count) trained parameters, \
      \(TextTable.number(Double(operations) / 1e6)) million multiply-adds per image, forward
      memory of the plan for \(batch) samples: \(Self.mebibytes(model.memoryBytes)) MiB, and \
      \(Self.mebibytes(ModelSnapshot.memoryBytes(of: model))) MiB for the copy that a checkpoint is \
      written from
      """
  }
}
