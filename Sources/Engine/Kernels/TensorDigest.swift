import Tensors

/// A 64-bit digest of a tensor's bits, to tell replicas apart; not for security.
///
/// Every bit of every element changes it, those of −0 and NaN payloads included. Four interleaved
/// chains of xor and multiplication by an odd constant (FNV-1a on words) are folded at the end.
public func digest(_ tensor: Tensor) -> UInt64 {
  let prime: UInt64 = 0x0000_0100_0000_01B3
  var chains = SIMD4<UInt64>(repeating: 0xCBF2_9CE4_8422_2325)
  let count = tensor.count
  let words = tensor.pointer
  var index = 0
  while index + 4 <= count {
    let word = SIMD4<UInt64>(
      UInt64(words[index].bitPattern), UInt64(words[index + 1].bitPattern),
      UInt64(words[index + 2].bitPattern), UInt64(words[index + 3].bitPattern))
    chains = (chains ^ word) &* SIMD4(repeating: prime)
    index += 4
  }
  var folded = UInt64(count)
  for lane in 0..<4 { folded = (folded ^ chains[lane]) &* prime }
  while index < count {
    folded = (folded ^ UInt64(words[index].bitPattern)) &* prime
    index += 1
  }
  return folded
}
