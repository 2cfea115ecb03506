import Failures
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

/// A log for people, on standard error; its lines stay where a display overwrites its own.
struct TextLogHandler: LogHandler {
  private var stream: StreamLogHandler

  init(label: String) { stream = StreamLogHandler.standardError(label: label) }

  var metadata: Logger.Metadata {
    get { stream.metadata }
    set { stream.metadata = newValue }
  }

  var logLevel: Logger.Level {
    get { stream.logLevel }
    set { stream.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { stream[metadataKey: key] }
    set { stream[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    Console.makeRoom()
    // Messages name files.
    var event = event
    event.message = "\(event.message.description.withVisibleControls)"
    stream.log(event: event)
  }
}
