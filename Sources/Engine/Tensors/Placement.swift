/// Where the tensors of a plan lie that are not needed all the time.
///
/// The largest is placed first, and each at the lowest place at which no tensor lies that is needed
/// at any moment of its lifetime. That is not always the least memory, but never less than what the
/// fullest moment needs, and for networks, whose sweeps give back last what they took first, hardly
/// more.
struct Placement {
  struct Need {
    /// A multiple of the alignment.
    let bytes: Int
    let lifetime: Lifetime
  }

  /// The start of each tensor, in the order of the needs.
  let starts: [Int]
  let bytes: Int

  init(_ needs: [Need]) {
    var starts = [Int](repeating: 0, count: needs.count)
    var placed: [Int] = []
    // Among equals the order of the needs decides, so that a plan is always the same.
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
