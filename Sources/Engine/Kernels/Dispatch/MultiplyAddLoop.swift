import CKernels

/// A loop of multiply-adds in registers only, to measure the peak rate of a core.
public enum MultiplyAddLoop {
  /// Floating-point operations of one round, two for a multiply-add.
  public static var operationsPerRound: Int { ck_multiply_add_operations() }

  /// x ← factor·x + (1 − factor) in all registers, `rounds` times; the result is the sum of all x.
  public static func run(rounds: Int, factor: Float) -> Float { ck_multiply_add(rounds, factor) }

  /// Whether the CPU has an instruction that multiplies pairs of bfloat16 and adds them to a float.
  public static var hasBfloat16Instruction: Bool { ck_has_bf16_instruction() }

  /// Floating-point operations of one round of ``runBfloat16(rounds:factor:)``, four for a pair.
  public static var operationsPerBfloat16Round: Int { ck_bf16_multiply_add_operations() }

  /// x ← x + factor·1 + factor·1, products of bfloat16, in all registers, `rounds` times.
  ///
  /// The result is the sum of all x, which start at 0. Tiles add sixteen such pairs at once.
  ///
  /// - Parameter factor: a bfloat16.
  public static func runBfloat16(rounds: Int, factor: Float) -> Float {
    ck_bf16_multiply_add(rounds, factor)
  }
}
