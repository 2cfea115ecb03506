import Kernels
import MessagePassing
import Tensors

/// The surroundings in which the layers of a network are built: everything that they have in
/// common.
public struct LayerSite {
  /// The ranks that share a batch.
  public let communicator: any Communicator
  /// The largest number of samples of a batch on this rank.
  public let maximumSamples: Int
  public let slices: Slices
  /// The order of sums over samples.
  public let order: SumOrder
  /// The samples over which batch norms normalise.
  public let batchNormScope: BatchNormScope
  /// The tensors that edges have.
  public let derivatives: Derivatives
  /// The precision of products by Winograd's algorithm; other products are in float32.
  public let precision: Precision
  /// The transforms of weights that Winograd's algorithm keeps between passes.
  public let keptTransforms: KeptTransforms
  /// Scratch that all layers share.
  public let workspace: Workspace
  /// The memory that layers take their buffers from.
  public let arena: Arena

  /// The transforms of a weight that are kept after a pass; see ``WinogradConvolution``.
  public enum KeptTransforms: Sendable {
    /// Both transforms, for weights that stay constant over many passes.
    case both
    /// No transform, for weights that every step changes.
    ///
    /// Saves the memory of the transforms, each four times that of the weight in float32 on tiles
    /// of 6×6.
    case none
  }

  public init(
    communicator: any Communicator, maximumSamples: Int, slices: Slices,
    order: SumOrder = .fastest, batchNormScope: BatchNormScope = .global,
    derivatives: Derivatives = .second, precision: Precision = .float32,
    keptTransforms: KeptTransforms = .both, workspace: Workspace = Workspace(), arena: Arena
  ) {
    self.communicator = communicator
    self.maximumSamples = maximumSamples
    self.slices = slices
    self.order = order
    self.batchNormScope = batchNormScope
    self.derivatives = derivatives
    self.precision = precision
    self.keptTransforms = keptTransforms
    self.workspace = workspace
    self.arena = arena
  }

  /// The number of slices in the largest batch of this rank.
  var sliceCount: Int { (maximumSamples + slices.samples - 1) / slices.samples }
}
