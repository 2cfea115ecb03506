import Foundation
import Logging
import Reporting

/// A log whose lines are JSON objects, on standard error.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = [("level", event.level.rawValue), ("message", event.message.description)]
    Ranks.log(ConsoleMessage.json("log", fields, at: Date()))
  }
}
