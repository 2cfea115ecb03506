import Datasets
import Kernels
import Layers
import MessagePassing
import Networks
import Tensors
import Training

/// A training step with a clock at every layer: the same calls in the same order as ``TrainingStep``.
///
/// The learning rate is 0, so steps can be repeated for ever.
package final class TracedStep {
  private let model: Model
  private let objective: Objective
  private let optimizer: SGD
  private let reducer: GradientReducer
  private let counters: StepCounters
  /// The communicator of the model's layers, for the time that they wait.
  private let layersCommunicator: TimedCommunicator
  private let loss = SoftmaxCrossEntropy()
  private let clock = ContinuousClock()
  private var trace = StepTrace()

  /// - Parameter layersCommunicator: the one that `model` was made with.
  package init(
    _ model: Model, objective: Objective, optimizer: SGD, plan: GradientPlan,
    layersCommunicator: TimedCommunicator, communicator: any Communicator
  ) {
    self.model = model
    self.objective = objective
    self.optimizer = optimizer
    self.layersCommunicator = layersCommunicator
    reducer = GradientReducer(
      model, communicator: communicator, bucketBytes: plan.bucketBytes, strategy: plan.strategy)
    counters = StepCounters(model)
  }

  var buckets: [GradientReducer.Bucket] { reducer.buckets }

  /// Collective.
  package func run(_ batch: Batch) -> StepTrace {
    trace = StepTrace()
    let n = batch.count
    let globalBatch = Float(batch.globalCount)
    let input = model.input.prefix(n)
    let logits = model.logits.prefix(n)

    timed(.refresh) { model.refresh(.training) }
    timed(.loss) {
      model.exactSums?.clear()
      counters.write(StepCounters.Values())
      if let images = batch.images.baseAddress {
        input.value.pointer.update(from: images, count: input.value.count)
      }
    }
    for layer in model.chain.layers.indices {
      timed(.forward, layer) {
        model.chain.forward(layer: layer, input, into: logits, mode: .training)
      }
    }
    timed(.loss) {
      _ = loss.forward(logits, labels: UnsafeBufferPointer(batch.labels), scale: 1 / globalBatch)
    }
    if objective.penalizesGradient {
      for layer in model.chain.layers.indices.reversed() {
        timed(.dataBackward, layer) {
          model.chain.backward(layer: layer, logits, into: input, gradients: nil)
        }
      }
      timed(.loss) {
        scale(input.gradient, by: objective.gradientNorm, into: input.tangent)
      }
      for layer in model.chain.layers.indices {
        timed(.forwardTangent, layer) {
          model.chain.forwardTangent(layer: layer, input, into: logits)
        }
      }
      timed(.loss) { loss.tangent(logits, scale: 1 / globalBatch) }
      let weights = GradientWeights(previous: 0, primal: 1, tangent: 2 * globalBatch)
      lastSweep(.backwardTangent) {
        model.backwardTangent(
          n, gradients: weights, onLayer: reducer.advance, onBlock: $0)
      }
    } else {
      lastSweep(.backward) {
        model.backward(n, gradients: .loss, onLayer: reducer.advance, onBlock: $0)
      }
    }
    timed(.reduce) { reducer.finish() }
    timed(.update) { _ = isFinite(model.gradients) }
    model.update { own in
      timed(.pullBack) { own.pullBack() }
      timed(.update) {
        objective.addWeightPenaltyGradient(to: own.parameter)
        optimizer.update(own.parameter, learningRate: 0)
      }
    }
    timed(.update) { model.commit() }
    return trace
  }

  /// A sweep that says when a layer is finished: the time between two of these calls is a layer's.
  private func lastSweep(_ pass: SweepPass, _ sweep: ((Int) -> Void) -> Void) {
    var start = Instant(self)
    sweep { layer in
      add(StepTrace.Place(pass: pass, layer: layer), since: start)
      timed(.reduce) { reducer.layerFinished(layer) }
      start = Instant(self)
    }
  }

  private func timed(_ pass: SweepPass, _ layer: Int? = nil, _ body: () -> Void) {
    let start = Instant(self)
    body()
    add(StepTrace.Place(pass: pass, layer: layer), since: start)
  }

  /// A place's time since `start`: what gradients' sums took of it is the reduction's.
  private func add(_ place: StepTrace.Place, since start: Instant) {
    let now = Instant(self)
    let own = (now.layers - start.layers) / .seconds(1)
    let sums = (now.sums - start.sums) / .seconds(1)
    trace.add(
      place, computing: (now.time - start.time) / .seconds(1) - own - sums, collectives: own)
    trace.add(StepTrace.Place(pass: .reduce), computing: 0, collectives: sums)
  }

  /// A time, and what has been spent in collectives until then.
  private struct Instant {
    let time: ContinuousClock.Instant
    let layers: Duration
    let sums: Duration

    init(_ step: TracedStep) {
      time = step.clock.now
      layers = step.layersCommunicator.spent
      sums = step.reducer.timeSpent
    }
  }
}
