import Layers
import Tensors

/// The lifetimes of the tensors on a fused network's edges, which decide which of them share
/// memory.
///
/// A tensor lives from the pass that writes it to the last pass that reads it. The last backward
/// sweep reads most tensors again and releases them layer by layer; the tensors that it writes live
/// until the next layer only. For Hessian-vector products, values and gradients live through all
/// products of a gradient.
extension NetworkBuilder {
  /// The edge between layer `layer` of the network's chain, which writes it in its part `written`,
  /// and the next layer.
  func chainEdge(_ shape: Shape, after layer: Int, writtenIn part: Timeline.Part) -> Edge {
    let next = layer + 1
    return Edge(
      value: tensor(
        shape, from: .none,
        derivatives == .none
          ? during(.forward, (layer, part), (next, .sum))
          : lives(from: .forward, (layer, part), until: (next, .convolution))),
      gradient: tensor(
        shape, from: .first, lives(from: .backward, (next, .sum), until: (layer, part))),
      tangent: tensor(
        shape, from: .second,
        lives(from: .forwardTangent, (layer, part), until: (next, .convolution))),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, (next, .sum), (layer, part))))
  }

  /// The output of a convolution, which a layer writes in one part and reads in a later part.
  ///
  /// Its gradients are used within a pass only; a second backward sweep writes them again.
  func convolutionEdge(
    _ shape: Shape, in layer: Int, writtenIn written: Timeline.Part, readIn read: Timeline.Part
  ) -> Edge {
    Edge(
      value: tensor(
        shape, from: .none,
        derivatives == .none
          ? during(.forward, (layer, written), (layer, read))
          : lives(from: .forward, (layer, written), until: (layer, read))),
      gradient: tensor(
        shape, from: .first,
        during(.backward, (layer, read), (layer, written))
          + during(.backwardTangent, (layer, read), (layer, written))),
      tangent: tensor(
        shape, from: .second,
        lives(from: .forwardTangent, (layer, written), until: (layer, read))),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, (layer, read), (layer, written))))
  }

  /// The edge after the first activation of a residual block.
  ///
  /// The block computes its value and tangent again in the backward sweep that writes parameter
  /// gradients.
  func innerEdge(_ shape: Shape, in layer: Int) -> Edge {
    let (written, read) = (
      (layer, Timeline.Part.activation), (layer, Timeline.Part.secondConvolution)
    )
    return Edge(
      value: tensor(
        shape, from: .none,
        during(.forward, written, read) + during(.backward, read, read)
          + during(.backwardTangent, read, read)),
      gradient: tensor(shape, from: .first, lives(from: .backward, read, until: written)),
      tangent: tensor(
        shape, from: .second,
        during(.forwardTangent, written, read) + during(.backwardTangent, read, read)),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, read, written)))
  }

  private typealias Moment = (layer: Int, part: Timeline.Part)

  private var derivatives: Derivatives { site.derivatives }

  /// The lifetime between two moments of one pass.
  private func during(_ pass: Timeline.Pass, _ first: Moment, _ last: Moment) -> Lifetime {
    Lifetime(
      Timeline.moment(pass, first.layer, first.part)...Timeline.moment(pass, last.layer, last.part))
  }

  /// The lifetime from a moment of one pass to a moment of the last backward sweep.
  private func lives(from pass: Timeline.Pass, _ first: Moment, until last: Moment) -> Lifetime {
    let sweep: Timeline.Pass = derivatives == .second ? .backwardTangent : .backward
    // Each Hessian-vector product has new tangents.
    let isForAllProducts = configuration.purpose == .curvature && pass != .forwardTangent
    return Lifetime(
      Timeline.moment(
        pass, first.layer, first.part)...(isForAllProducts
        ? Timeline.end : Timeline.moment(sweep, last.layer, last.part)))
  }

  private func tensor(
    _ shape: Shape, from first: Derivatives, _ lifetime: @autoclosure () -> Lifetime
  ) -> Tensor {
    derivatives >= first ? site.arena.tensor(shape, during: lifetime()) : .absent(shape)
  }
}
