/// A fault made on purpose, to see what the program makes of it: what ``variable`` asks for.
public enum Drill: Equatable, Sendable {
  /// Set to `slow:rank=1,factor=2`, it makes rank 1 take twice as long for its own part of each step.
  public static let variable = "LCNN_DIST_DRILL"

  case slow(rank: Int, factor: Double)

  /// None if the variable is not set.
  public init?(environment: [String: String]) throws(DrillError) {
    guard let text = environment[Self.variable] else { return nil }
    guard let colon = text.firstIndex(of: ":"), text[..<colon] == "slow" else {
      throw DrillError(text: text)
    }
    var values: [Substring: Substring] = [:]
    for item in text[text.index(after: colon)...].split(separator: ",") {
      let sides = item.split(separator: "=", maxSplits: 1)
      guard sides.count == 2, values.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw DrillError(text: text)
      }
    }
    guard values.count == 2, let rank = values["rank"].flatMap({ Int($0) }), rank >= 0,
      let factor = values["factor"].flatMap({ Double($0) }), (1...100).contains(factor)
    else { throw DrillError(text: text) }
    self = .slow(rank: rank, factor: factor)
  }

  /// How long rank `rank` is to sleep in a step, the one before having taken it `seconds` of its own.
  func delay(rank: Int, after seconds: Double) -> Double {
    switch self {
    case .slow(let slow, let factor): rank == slow ? (factor - 1) * seconds : 0
    }
  }
}

/// A drill that does not exist.
public struct DrillError: Error, Equatable, CustomStringConvertible {
  public let text: String

  public var description: String {
    "\(Drill.variable)=\(text): expected slow:rank=RANK,factor=FACTOR, with a factor from 1 to 100"
  }
}
