/// Suggestions for a misspelled name.
public enum Spelling {
  /// Candidate with the smallest edit distance, if at most a third of its letters differ.
  public static func nearest(to name: String, among candidates: [String]) -> String? {
    let distances = candidates.map { (name: $0, distance: editDistance(name, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(1, best.name.count / 3)
    else { return nil }
    return best.name
  }

  /// Smallest number of insertions, deletions, substitutions and swaps of neighbours, ignoring
  /// case.
  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
    // Each row holds edit distances between the prefixes of `b` and one prefix of `a`. The three
    // prefixes of `a` lack its last two letters, its last letter, and none.
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
