/// The part of `count` things that falls to `rank`: contiguous, in rank order, covering all of them.
///
/// Shares differ by at most one: the first `count % size` ranks get one more. A share may be empty.
public func share(of count: Int, rank: Int, size: Int) -> Range<Int> {
  precondition(
    count >= 0 && size > 0 && (0..<size).contains(rank),
    "no share of \(count) things for rank \(rank) of \(size)")
  let (quotient, remainder) = count.quotientAndRemainder(dividingBy: size)
  let start = rank * quotient + min(rank, remainder)
  return start..<start + quotient + (rank < remainder ? 1 : 0)
}
