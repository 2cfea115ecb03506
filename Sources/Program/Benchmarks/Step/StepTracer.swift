import Datasets
import MessagePassing
import Networks
import Training

/// Traces training steps: a clock at every phase, and at every layer of its sweeps.
package final class StepTracer: StepProbe {
  private let step: TrainingStep
  /// The communicator of the model's layers, for the time in batch norms' collectives.
  private let layersCommunicator: TimedCommunicator
  private let clock = ContinuousClock()
  private var spans: [StepTrace.Span] = []
  /// None before the step, and after it.
  private var phase: StepPhase?
  private var last: Reading
  /// Told of the same step.
  private var second: (any StepProbe)?

  /// - Parameter layersCommunicator: the one that the step's model was made with.
  package init(_ step: TrainingStep, layersCommunicator: TimedCommunicator) {
    self.step = step
    self.layersCommunicator = layersCommunicator
    last = Reading(time: clock.now, batchNorm: .zero, gradients: .zero)
  }

  /// One step at a learning rate of 0, so that steps can be repeated for ever.
  ///
  /// Collective.
  /// - Parameter second: another probe of that step.
  package func trace(_ batch: Batch, with second: (any StepProbe)? = nil) -> StepTrace {
    var observed = step
    observed.probe = self
    self.second = second
    defer {
      observed.probe = nil
      self.second = nil
    }
    spans.removeAll(keepingCapacity: true)
    _ = observed.run(batch, learningRate: 0)
    return StepTrace(spans: spans)
  }

  package func enter(_ phase: StepPhase) {
    close()
    self.phase = phase
    second?.enter(phase)
  }

  package func leave() {
    close()
    phase = nil
    second?.leave()
  }

  package func begin(_ sweep: Sweep, block: Int) {
    close()
    second?.begin(sweep, block: block)
  }

  package func end(_ sweep: Sweep, block: Int) {
    close(sweep, layer: block)
    second?.end(sweep, block: block)
  }

  /// Ends the span since the last call, which was the layer's or outside of layers.
  private func close(_ sweep: Sweep? = nil, layer: Int? = nil) {
    let now = Reading(
      time: clock.now, batchNorm: layersCommunicator.spent, gradients: step.reducer.timeSpent)
    if let phase {
      let (batchNorm, gradients) = (
        now.batchNorm - last.batchNorm, now.gradients - last.gradients
      )
      spans.append(
        StepTrace.Span(
          phase: phase, sweep: sweep, layer: layer,
          computing: (now.time - last.time - batchNorm - gradients) / .seconds(1),
          batchNorm: batchNorm / .seconds(1), gradients: gradients / .seconds(1)))
    }
    last = now
  }

  /// A time, and the time spent in collectives until then.
  private struct Reading {
    let time: ContinuousClock.Instant
    let batchNorm: Duration
    let gradients: Duration
  }
}
