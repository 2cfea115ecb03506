import CKernels

/// Multiply-adds in registers and nothing else: for measuring what a core could do at most.
public enum MultiplyAddLoop {
  /// Floating-point operations of one round, two for a multiply-add.
  public static var operationsPerRound: Int { ck_multiply_add_operations() }

  /// x ← factor·x + (1 − factor) in all registers, `rounds` times; the result is the sum of all x.
  public static func run(rounds: Int, factor: Float) -> Float { ck_multiply_add(rounds, factor) }
}
