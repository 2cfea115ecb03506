import ArgumentParser
import Files
import MessagePassing
import Surveys
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// Options that name the files of a measurement's results.
struct ResultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "write a line per sample, or for attacks per sample and ε, as CSV", valueName: "file"),
    completion: .file())
  var csv: String?

  @Option(
    help: ArgumentHelp("write the statistics as JSON", valueName: "file"), completion: .file())
  var json: String?

  @Option(
    help: ArgumentHelp(
      """
      keep what is measured in this file until the end; the same command goes on after a signal or \
      a kill (default: the file of --json with .state)
      """, valueName: "file"), completion: .file())
  var state: String?

  func validate() throws { try Self.requireDistinct([csv, json, state]) }

  /// Opens the state of a measurement, and catches the signals that ask for its end; nil on all ranks
  /// if none is kept.
  ///
  /// Collective.
  /// - Parameter settings: the command's own settings, on which its results depend.
  func keeper(
    of model: TrainedModel, settings: [SurveyState.Setting], over world: any Communicator
  ) throws -> SurveyKeeper? {
    // A device or a pipe has no place beside it.
    let isBesideJSON = world.fromRoot(json.map(Self.isFile) ?? false ? 1 : 0) == 1
    let path = state ?? (isBesideJSON ? json.map { "\($0).state" } : nil) ?? ""
    // Only the root's file is one: other ranks may have been given none.
    guard world.fromRoot(path.isEmpty ? 0 : 1) == 1 else { return nil }
    let state = try Agreement(world).perform {
      world.rank == 0 ? try SurveyState(path, settings: model.settings + settings) : nil
    }
    if let state, !state.lines.isEmpty {
      Ranks.logger.info("going on with \(state.lines.count) lines of \(path)")
    }
    try world.oncePerProcess {
      StopSignal.install(
        notice: world.rank == 0
          ? "stopping; the same command goes on with what is in \(path); a second signal ends it at once"
          : nil)
    }
    return SurveyKeeper(path, state, over: world) { StopSignal.isReceived }
  }

  /// Whether a path is that of a regular file, or of none yet.
  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return !path.hasPrefix("/dev/")
      && (stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG)
  }

  static func requireDistinct(_ paths: [String?]) throws {
    let files = paths.compactMap { $0 }
    for (place, file) in files.enumerated() where files[..<place].contains(file) {
      throw ValidationError("\(file) is named for two results, expected a file for each")
    }
  }

  /// Opens the file at `path` on rank 0; nil without a path.
  ///
  /// - Throws: an error if the file cannot be written.
  static func open(_ path: String?, on world: any Communicator) throws -> ResultFile? {
    world.rank == 0 ? try path.map { try ResultFile($0) } : nil
  }
}
