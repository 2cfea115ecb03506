import MessagePassing
import Networks
import Robustness

extension NetworkBound {
  /// Computes the bound of a model that all ranks hold; each rank measures the norms of some
  /// layers.
  ///
  /// Collective. The numbers have the same bits for any number of ranks. The model is refreshed.
  /// - Throws: ``SurveyError`` if a layer's weights or statistics are not finite; ``ArenaError`` if
  ///   a layer's matrices do not fit.
  /// - Parameter observer: rank 0's.
  public init(
    _ model: Model, over communicator: any Communicator, observer: SurveyObserver? = nil
  ) throws {
    model.refresh(.evaluation)
    let measured = try Agreement(communicator).perform {
      try LayerNorms.measure(model, rank: communicator.rank, size: communicator.size) { done, all in
        guard communicator.rank == 0 else { return }
        observer?(
          SurveyProgress(
            survey: "norms", stage: "norms of layers", done: done, total: all, count: ""))
      }
    }
    let parts = communicator.allGather(RecordBytes.bytes(of: measured))
      .map { RecordBytes.records(LayerNorms.self, from: $0) }
    self.init(model, norms: LayerNorms.merge(parts, of: model))
    let isUndefined = layers.first { layer in
      layer.norms.map { !$0.certified.isFinite } ?? false || layer.lipschitz.isNaN
        || layer.jacobianLipschitz?.isNaN ?? false
    }
    if let layer = isUndefined { throw SurveyError.layerNotFinite(name: layer.name) }
  }
}
