import Checkpoints
import Files
import Recipes

/// Writes the checkpoints of a run, on rank 0 and on any of its threads.
struct CheckpointWriter: Sendable {
  private let directory: RunDirectory
  private let metrics: AppendOnlyFile
  /// Files that show whether the directory is in its place.
  private let openFiles: [AppendOnlyFile]
  private let store: CheckpointStore
  private let retention: CheckpointStore.Retention
  private let recipe: [UInt8]
  /// Steps before this start.
  private let firstStep: Int

  init(
    _ directory: RunDirectory, recipe: Recipe, metrics: AppendOnlyFile, others: [AppendOnlyFile],
    firstStep: Int
  ) throws {
    self.directory = directory
    self.metrics = metrics
    openFiles = [metrics] + others
    store = CheckpointStore(directory: directory)
    retention = CheckpointStore.Retention(
      newest: recipe.keepCheckpoints, best: recipe.keepBest, everyEpochs: recipe.keepEvery)
    self.recipe = try recipe.fileContents()
    self.firstStep = firstStep
  }

  /// Writes a checkpoint, and removes older ones than the recipe keeps.
  ///
  /// - Parameter isWanted: as for ``CheckpointStore``.
  /// - Throws: ``RunDirectoryError`` if the run's directory was removed or renamed meanwhile; a new
  ///   one of that name would hold the checkpoint alone.
  func write(
    _ state: TrainingState, model: SafetensorsStream, optimizer: SafetensorsStream,
    isWanted: () -> Bool
  ) throws {
    try directory.requireInPlace(openFiles)
    // A checkpoint that survives a power failure must not be ahead of the metrics.
    do throws(FileError) { try metrics.sync() } catch { throw CheckpointError.save(error) }
    try store.save(state, model: model, optimizer: optimizer, isWanted: isWanted)
    // A recipe that has trained nothing does not replace the one that has.
    if state.step > firstStep { try writeRecipe() }
    try store.prune(retention)
  }

  /// A disk that is full is no other failure here than within the checkpoint.
  private func writeRecipe() throws {
    do throws(RunDirectoryError) { try directory.writeRecipe(recipe) } catch {
      guard case .file(let error) = error else { throw error }
      throw CheckpointError.save(error)
    }
  }
}
