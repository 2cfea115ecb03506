import Failures
import Networks
import Training

/// The spans of one training step, in the order of the step.
package struct StepTrace: Equatable {
  /// The time of one layer in one sweep, or the time between two of these.
  package struct Span: Equatable {
    package let phase: StepPhase
    /// Nil outside of layers, as is `layer`.
    package let sweep: Sweep?
    package let layer: Int?
    /// Seconds without those in collectives.
    package var computing: Double
    /// Seconds in the collectives of layers: batch norms.
    package var batchNorm: Double
    /// Seconds in the collectives of gradients.
    package var gradients: Double

    package var pass: TracedPass { TracedPass(phase, sweep) }

    fileprivate func isAt(_ other: Span) -> Bool {
      phase == other.phase && sweep == other.sweep && layer == other.layer
    }
  }

  package let spans: [Span]

  /// The medians over several traces of one step, span by span.
  ///
  /// - Parameter traces: at least one; all of them have the same spans.
  static func median(of traces: [StepTrace]) -> StepTrace {
    require(!traces.isEmpty, "the median of no traces")
    return StepTrace(
      spans: traces[0].spans.indices.map { index in
        let found = traces.map { $0.spans[index] }
        var span = found[0]
        require(
          found.allSatisfy(span.isAt), "traces of different steps: span \(index) of \(traces)")
        span.computing = Effort.median(of: found.map(\.computing))
        span.batchNorm = Effort.median(of: found.map(\.batchNorm))
        span.gradients = Effort.median(of: found.map(\.gradients))
        return span
      })
  }
}
