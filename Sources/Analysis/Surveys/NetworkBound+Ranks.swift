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
  /// - Parameters:
  ///   - keeper: gets the norms when all are measured, or has them; nil on all ranks if none are
  ///     kept.
  ///   - observer: rank 0's.
  public init(
    _ model: Model, over communicator: any Communicator, keeper: SurveyKeeper? = nil,
    observer: SurveyObserver? = nil
  ) throws {
    model.refresh(.evaluation)
    var norms = try keeper?.records(LayerNorms.self, of: "norms") ?? []
    if norms.isEmpty {
      norms = try Self.norms(of: model, over: communicator, observer)
      try keeper?.keep(norms, of: "norms", after: 0)
      try keeper?.stopIfRequested()
    }
    self.init(model, norms: norms)
    let isUndefined = layers.first { layer in
      layer.norms.map { !$0.certified.isFinite } ?? false || layer.lipschitz.isNaN
        || layer.jacobianLipschitz?.isNaN ?? false
    }
    if let layer = isUndefined { throw SurveyError.layerNotFinite(name: layer.name) }
  }

  private static func norms(
    of model: Model, over communicator: any Communicator, _ observer: SurveyObserver?
  ) throws -> [LayerNorms] {
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
    return LayerNorms.merge(parts, of: model)
  }
}
