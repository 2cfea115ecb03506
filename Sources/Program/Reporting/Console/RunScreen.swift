#if canImport(Glibc)
  import Glibc
#endif

/// A text that is printed again and again in place on a terminal, and one below the other elsewhere.
public final class RunScreen {
  private let terminal = Terminal(STDOUT_FILENO)
  private var lines = LiveLines()

  public init() {}

  public func show(_ text: String) {
    guard let terminal else { return print(text) }
    let size = terminal.size
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false).map { [String($0)] }
    print(lines.draw(rows, columns: size.columns, rows: size.rows), terminator: "")
    fflush(nil)
  }
}
