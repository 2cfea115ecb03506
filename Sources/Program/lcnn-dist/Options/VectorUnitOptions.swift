import ArgumentParser
import Kernels
import MessagePassing

/// By which vector instructions the program's kernels compute.
struct VectorUnitOptions: ParsableArguments {
  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case auto, amx, avx512, avx2, portable

    /// None where the CPU decides.
    var units: VectorUnits? { VectorUnits(rawValue: rawValue) }
  }

  @Option(
    name: .customLong("vector-units"),
    help: ArgumentHelp(
      "instructions of the program's own kernels; auto: the most that every rank's CPU has"))
  var choice: Choice = .auto

  /// Makes every rank use what the one with the least has, or was told to use.
  ///
  /// Collective.
  /// - Returns: what to tell the user; nil where ranks are alike and this one uses all that its CPU has.
  /// - Throws: on all ranks, where a rank's CPU lacks what was asked for.
  func agree(over communicator: any Communicator) throws -> String? {
    let offer = try Agreement(communicator).perform {
      if let units = choice.units { try VectorUnits.use(units) }
      return VectorUnits.current
    }
    let offers = communicator.allGather(Array(offer.rawValue.utf8))
      .compactMap { VectorUnits(rawValue: String(decoding: $0, as: UTF8.self)) }
    let agreed = offers.min() ?? offer
    try VectorUnits.use(agreed)
    let counts = VectorUnits.allCases.reversed()
      .map { units in (units, offers.count { $0 == units }) }.filter { $0.1 > 0 }
    if counts.count > 1 {
      let list = counts.map { "\($0.0) on \($0.1)" }.joined(separator: ", ")
      return "vector units: \(agreed), the least of all ranks: \(list)"
    }
    return agreed < .detected
      ? "vector units: \(agreed), of \(VectorUnits.detected) that this CPU has" : nil
  }
}
