/// The memory offsets of the tensors of a plan that have a ``Lifetime``.
///
/// The largest tensor is placed first, each at the lowest offset where it overlaps no tensor whose
/// lifetime overlaps its own. The result is at least the memory of the fullest moment, and hardly
/// more for networks, whose sweeps release tensors in reverse order.
struct Placement {
  struct Need {
    /// The size, a multiple of the alignment.
    let bytes: Int
    let lifetime: Lifetime
  }

  /// The offset of each tensor, in the order of the needs.
  let starts: [Int]
  let bytes: Int

  init(_ needs: [Need]) {
    var starts = [Int](repeating: 0, count: needs.count)
    var placed: [Int] = []
    // Equal sizes keep the order of the needs, so that a plan is deterministic.
    let order = needs.indices.sorted { (-needs[$0].bytes, $0) < (-needs[$1].bytes, $1) }
    for index in order {
      let need = needs[index]
      let obstacles = placed.filter { needs[$0].lifetime.overlaps(need.lifetime) }
        .sorted { (starts[$0], $0) < (starts[$1], $1) }
      var start = 0
      for obstacle in obstacles where starts[obstacle] < start + need.bytes {
        start = max(start, starts[obstacle] + needs[obstacle].bytes)
      }
      starts[index] = start
      placed.append(index)
    }
    self.starts = starts
    bytes = needs.indices.map { starts[$0] + needs[$0].bytes }.max() ?? 0
  }
}
