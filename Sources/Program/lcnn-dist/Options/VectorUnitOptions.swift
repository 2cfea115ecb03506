import ArgumentParser
import Kernels
import MessagePassing

/// Option for the vector instructions of the program's kernels.
struct VectorUnitOptions: ParsableArguments {
  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case auto, amx, avx512, avx2, portable

    /// The chosen units; nil if the CPU decides.
    var units: VectorUnits? { VectorUnits(rawValue: rawValue) }
  }

  @Option(
    name: .customLong("vector-units"),
    help: ArgumentHelp(
      "instructions of the program's own kernels; auto: the most that every rank's CPU has"))
  var choice: Choice = .auto

  /// Makes all ranks use the same vector units: the least that any rank has or was told to use.
  ///
  /// Collective.
  /// - Returns: a note for the user; nil if all ranks have the same units and this CPU has no
  ///   better ones.
  /// - Throws: on all ranks, if the CPU of a rank lacks the units requested there.
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
