/// What somebody may have meant who wrote a name that does not exist.
public enum Spelling {
  /// The candidate at the least edit distance, if at most a third of its letters differ.
  public static func nearest(to name: String, among candidates: [String]) -> String? {
    let distances = candidates.map { (name: $0, distance: editDistance(name, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(1, best.name.count / 3)
    else { return nil }
    return best.name
  }

  /// The least number of insertions, deletions, substitutions and swaps of neighbours, case ignored.
  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
    // Distances of a's first letters to b's: all but the last two, all but the last, all.
    var rows = [[], [], Array(0...b.count)]
    for i in a.indices {
      rows = [rows[1], rows[2], [i + 1]]
      for j in b.indices {
        var least = min(
          rows[1][j] + (a[i] == b[j] ? 0 : 1), rows[1][j + 1] + 1, rows[2][j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = min(least, rows[0][j - 1] + 1)
        }
        rows[2].append(least)
      }
    }
    return rows[2][b.count]
  }
}
