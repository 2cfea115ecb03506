import Layers
import Tensors

/// When the tensors of a fused network's edges are needed, and so which may share memory.
///
/// What a pass writes is needed until the last pass that reads it is through with it; most of it is read
/// again by the last backward sweep, which gives it back layer by layer, and what that sweep writes is read
/// by the next layer only. Where Hessian-vector products are made for one gradient, values and gradients are
/// needed for all of them.
extension NetworkBuilder {
  /// What layer `layer` of the network's chain writes in its part `written`, and the next layer reads.
  func chainEdge(_ shape: Shape, after layer: Int, written part: Timeline.Part) -> Edge {
    let next = layer + 1
    return Edge(
      value: tensor(
        shape, from: .none,
        derivatives == .none
          ? during(.forward, (layer, part), (next, .sum))
          : kept(from: .forward, (layer, part), until: (next, .convolution))),
      gradient: tensor(
        shape, from: .first, kept(from: .backward, (next, .sum), until: (layer, part))),
      tangent: tensor(
        shape, from: .second,
        kept(from: .forwardTangent, (layer, part), until: (next, .convolution))),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, (next, .sum), (layer, part))))
  }

  /// A convolution's output, which a layer writes in one part of its work and reads in a later one.
  ///
  /// Its gradients are used within a pass; a second backward sweep writes the first one's again.
  func convolutionEdge(
    _ shape: Shape, in layer: Int, written: Timeline.Part, read: Timeline.Part
  ) -> Edge {
    Edge(
      value: tensor(
        shape, from: .none,
        derivatives == .none
          ? during(.forward, (layer, written), (layer, read))
          : kept(from: .forward, (layer, written), until: (layer, read))),
      gradient: tensor(
        shape, from: .first,
        during(.backward, (layer, read), (layer, written))
          + during(.backwardTangent, (layer, read), (layer, written))),
      tangent: tensor(
        shape, from: .second,
        kept(from: .forwardTangent, (layer, written), until: (layer, read))),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, (layer, read), (layer, written))))
  }

  /// After the first activation of a residual block, which makes value and tangent again for the backward
  /// sweep that writes parameter gradients.
  func innerEdge(_ shape: Shape, in layer: Int) -> Edge {
    let (written, read) = (
      (layer, Timeline.Part.activation), (layer, Timeline.Part.secondConvolution)
    )
    return Edge(
      value: tensor(
        shape, from: .none,
        during(.forward, written, read) + during(.backward, read, read)
          + during(.backwardTangent, read, read)),
      gradient: tensor(shape, from: .first, kept(from: .backward, read, until: written)),
      tangent: tensor(
        shape, from: .second,
        during(.forwardTangent, written, read) + during(.backwardTangent, read, read)),
      gradientTangent: tensor(
        shape, from: .second, during(.backwardTangent, read, written)))
  }

  private typealias Place = (layer: Int, part: Timeline.Part)

  private var derivatives: Derivatives { configuration.derivatives }

  /// Between two places of one pass.
  private func during(_ pass: Timeline.Pass, _ first: Place, _ last: Place) -> Lifetime {
    Lifetime(
      Timeline.moment(pass, first.layer, first.part)...Timeline.moment(pass, last.layer, last.part))
  }

  /// From a place of one pass to a place of the last backward sweep of the plan's purpose.
  private func kept(from pass: Timeline.Pass, _ first: Place, until last: Place) -> Lifetime {
    let sweep: Timeline.Pass = derivatives == .second ? .backwardTangent : .backward
    // Tangents are made anew for each Hessian-vector product.
    let isForAllProducts = configuration.purpose == .curvature && pass != .forwardTangent
    return Lifetime(
      Timeline.moment(
        pass, first.layer, first.part)...(isForAllProducts
        ? Timeline.end : Timeline.moment(sweep, last.layer, last.part)))
  }

  private func tensor(
    _ shape: Shape, from first: Derivatives, _ lifetime: @autoclosure () -> Lifetime
  ) -> Tensor {
    derivatives >= first ? arena.tensor(shape, during: lifetime()) : .absent(shape)
  }
}
