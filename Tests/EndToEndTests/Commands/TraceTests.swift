import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// The trace that `train --trace` writes, by the rules of its format.
  @Suite struct TraceTests {
    private struct Event: Decodable {
      struct Arguments: Decodable {
        let step: Int?
        let bytes: Int?
        let last: Int?

        enum CodingKeys: String, CodingKey {
          case step, bytes
          case last = "last to come"
        }
      }

      let name: String
      let ph: String
      let pid: Int
      let cat: String?
      let ts: Double?
      let dur: Double?
      let args: Arguments?
    }

    private struct File: Decodable { let traceEvents: [Event] }

    @Test("spans of every rank are complete, in order, and nested; phases fill their step")
    func trace() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--run", "run", "--max-steps", "5", "--trace"], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let data = Data(try directory.text("run/trace.json").utf8)
      let events = try JSONDecoder().decode(File.self, from: data).traceEvents
      #expect(events.filter { $0.ph == "M" }.map(\.pid) == [0, 1])
      for rank in 0..<2 {
        let spans = events.filter { $0.ph == "X" && $0.pid == rank }
        var open: [Double] = []
        var last = -1.0
        for span in spans {
          let (start, length) = (try #require(span.ts), try #require(span.dur))
          #expect(start >= last, "\(span)")
          last = start
          // A microsecond is lost where two clocks are read.
          while let end = open.last, end <= start + 1 { open.removeLast() }
          if let end = open.last { #expect(start + length <= end + 1, "\(span) leaves its parent") }
          open.append(start + length)
        }
        let steps = spans.filter { $0.cat == "step" }
        #expect(steps.map(\.name) == (1...5).map { "step \($0)" })
        for step in steps {
          let number = step.args?.step
          let phases = spans.filter { $0.cat == "phase" && $0.args?.step == number }
          let sum = phases.reduce(0) { $0 + ($1.dur ?? 0) }
          let whole = try #require(step.dur)
          let names = phases.prefix(5).map(\.name)
          #expect(names == ["refresh", "input", "forward", "backward", "reduce"], "\(names)")
          #expect(sum <= whole && sum > 0.8 * whole, "step \(step): phases take \(sum)")
        }
        #expect(spans.contains { $0.cat == "layer" } && spans.contains { $0.cat == "data" })
        let reductions = spans.filter { $0.cat == "gradients" && $0.args?.bytes ?? 0 > 0 }
        #expect(reductions.count >= 5 && reductions.allSatisfy { $0.args?.last != nil })
      }
    }
  }
}
