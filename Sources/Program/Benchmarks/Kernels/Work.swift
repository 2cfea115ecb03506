import Kernels
import Layers
import Tensors

/// The work of a pass: operations by the direct count, and the least bytes that it moves.
///
/// Bytes count each activation that a loop reads or writes once, and no weights that are small
/// beside them. Caches make the traffic smaller; data that do not fit them make it larger.
public struct Work: Sendable, Equatable {
  public var operations: Double
  public var bytes: Double

  public init(operations: Double, bytes: Double) {
    self.operations = operations
    self.bytes = bytes
  }

  static let none = Work(operations: 0, bytes: 0)

  static func + (a: Work, b: Work) -> Work {
    Work(operations: a.operations + b.operations, bytes: a.bytes + b.bytes)
  }

  static func += (a: inout Work, b: Work) { a = a + b }

  static func * (factor: Double, work: Work) -> Work {
    Work(operations: factor * work.operations, bytes: factor * work.bytes)
  }

  /// A loop over activations that reads and writes so many tensors of `elements` floats.
  static func elementwise(tensors: Int, elements: Int) -> Work {
    Work(operations: 0, bytes: Double(tensors * elements * MemoryLayout<Float>.stride))
  }

  /// One product of a convolution: two of input, output and weight make the third.
  static func product(_ geometry: ConvolutionGeometry, samples: Int) -> Work {
    let floats =
      geometry.inputShape(samples: samples).count + geometry.outputShape(samples: samples).count
      + geometry.weightShape.count
    return Work(
      operations: geometry.directOperations(samples: samples),
      bytes: Double(floats * MemoryLayout<Float>.stride))
  }
}

extension ConvolutionGeometry {
  /// Floating-point operations of the definition, padding included, the same for all three
  /// products.
  package func directOperations(samples: Int) -> Double {
    2 * Double(samples * outputHeight * outputWidth) * Double(patch * outputChannels)
  }
}

extension NetworkInventory.Block {
  /// The work of the layer in a pass over `samples` samples.
  ///
  /// - Parameters:
  ///   - isFirst: whether the layer is the first of a step that gives the input no gradient.
  ///   - mode: of the sweep; evaluation takes no statistics.
  public func work(
    _ pass: TracedPass, samples: Int, isFirst: Bool, mode: Mode = .training
  ) -> Work {
    var work = Work.none
    let products = pass.convolutionPass(isFirst: isFirst)?.products ?? 0
    for convolution in convolutions {
      work += Double(products) * Work.product(convolution, samples: samples)
    }
    for (sum, loop) in activationLoops(pass, mode: mode) {
      work += Work.elementwise(tensors: loop.tensors(sum), elements: samples * sum.elements)
    }
    for pooling in poolings {
      work += Work.elementwise(
        tensors: 1, elements: samples * (pooling.input.count + pooling.output.count))
    }
    return work
  }

  /// The elementwise loops of a pass.
  func activationLoops(
    _ pass: TracedPass, mode: Mode
  ) -> [(NetworkInventory.Sum, ActivationPass)] {
    sums.flatMap { sum in pass.activationPasses(mode).map { (sum, $0) } }
      + recomputed.flatMap { sum in pass.recomputation.map { (sum, $0) } }
  }
}
