/// Purpose of a stream of random numbers; streams of different purposes never overlap.
///
/// The raw values are part of every recorded result: a new purpose gets a new number.
public enum Purpose: UInt32, Sendable, CaseIterable {
  case shuffle = 0
  case augmentation = 1
  case initialization = 2
  case powerIteration = 3
  case probe = 4
  case synthetic = 5
  case attackStart = 6
  case squareAttack = 7
}
