import EmbeddedFiles
import Recipes
import Testing
import lcnn_dist

/// Commands that the documents show, by the program's own parser.
///
/// Nothing is run.
@Suite struct ShownCommandTests {
  @Test(
    "every command that a document shows is one that the program takes",
    arguments: Repository.documents)
  func commands(of document: MarkdownDocument) {
    for command in ShownCommand.all(in: document) {
      guard let problem = Self.problem(with: command.words) else { continue }
      let text = (["lcnn-dist"] + command.words).joined(separator: " ")
      Issue.record("\(document.path):\(command.line): \(text): \(problem)")
    }
  }

  @Test("commands are found behind launchers, in continued lines and among other words")
  func finding() {
    let document = MarkdownDocument(
      path: "a.md",
      text: """
        ```sh
        cd x && mpirun -n 2 --bind-to none lcnn-dist train \\
          --recipe digits   # lcnn-dist wrong
        for run in runs/*; do
          lcnn-dist curvature --model $run > "a file"; lcnn-dist recipe
        done
        launch/local -n 2 -- evaluate --model runs/a
        launch/supervise --hosts a:2 -- launch/local -n {ranks} -- train --run runs/b
        sbatch --nodes=4 train.sbatch runs/vgg --data DIR
        swift build --product lcnn-dist --static-swift-stdlib
        ```
        See `lcnn-dist table`, and `lcnn-dist bench --quick`.
        """)
    #expect(
      ShownCommand.all(in: document).map(\.words) == [
        ["train", "--recipe", "digits"], ["curvature", "--model", "$run"], ["recipe"],
        ["evaluate", "--model", "runs/a"], ["train", "--run", "runs/b"],
        ["train", "--run", "runs/vgg", "--data", "DIR"],
        ["bench", "--quick"],
      ])
  }

  @Test(
    "a command that the program does not take is a problem",
    arguments: [
      ["trian"], ["train", "--recipes", "digits"], ["train", "--epochs", "many"],
      ["train", "--recipe", "cifar11-small"], ["curvature"],
    ])
  func problems(words: [String]) { #expect(Self.problem(with: words) != nil) }

  /// The reason why the program does not take these words; none if it takes them.
  private static func problem(with words: [String]) -> String? {
    do { _ = try CommandLineWords.parse(words) } catch {
      // A request for help or for a completion script ends the program without an error.
      if ReferenceCommand.exitCode(for: error).isSuccess { return nil }
      return ReferenceCommand.message(for: error)
    }
    var recipe = Recipe()
    for (option, value) in zip(words, words.dropFirst()) where option.hasPrefix("--") {
      let name = String(option.dropFirst(2))
      if name == "recipe", !value.contains("."), EmbeddedFiles.recipe(named: value) == nil {
        return "no built-in recipe \(value)"
      }
      guard Recipe.keys.contains(where: { $0.name == name }) else { continue }
      do { try recipe.set(key: name, text: value) } catch { return "\(error)" }
    }
    return nil
  }
}
