import Kernels
import Testing

@Suite struct WinogradReferenceTests {
  /// A few hundred operations in double on values below 10.
  let tolerance = 1e-12

  @Test(
    "the one-dimensional transforms give the correlation, for every input and every tap",
    arguments: WinogradReference.Form.allCases)
  func identity(form: WinogradReference.Form) {
    let reference = WinogradReference(form)
    for position in reference.inputs {
      for tap in 0..<3 {
        for output in reference.output.indices {
          let value = reference.input.indices.reduce(0.0) { sum, coefficient in
            sum + reference.output[output][coefficient]
              * reference.weight[reference.frequencies[coefficient]][tap]
              * reference.input[coefficient][position]
          }
          let expected = position == form.stride * output + tap ? 1.0 : 0
          #expect(
            abs(value - expected) <= tolerance, "input \(position), tap \(tap), output \(output)")
        }
      }
    }
  }

  @Test(
    "the two-dimensional transforms give the correlation of a tile",
    arguments: WinogradReference.Form.allCases)
  func tile(form: WinogradReference.Form) {
    let reference = WinogradReference(form)
    let inputs = reference.inputs
    let x = matrix(reference.input.count + 1) { i, j in
      inputs.contains(i) && inputs.contains(j) ? (7 * i + 3 * j) % 11 - 5 : 0
    }
    let w = matrix(3) { i, j in (5 * i + 2 * j) % 7 - 3 }
    let tile = x.dropLast().map { Array($0.dropLast()) }
    let v = WinogradReference.transform(tile, by: reference.input)
    let u = WinogradReference.transform(w, by: reference.weight)
    let frequencies = reference.frequencies
    let products = v.indices.map { i in
      v.indices.map { j in v[i][j] * u[frequencies[i]][frequencies[j]] }
    }
    let y = WinogradReference.transform(products, by: reference.output)
    for i in reference.output.indices {
      for j in reference.output.indices {
        var expected = 0.0
        for k in 0..<9 {
          expected += w[k / 3][k % 3] * x[form.stride * i + k / 3][form.stride * j + k % 3]
        }
        // The correlation is a sum of nine products of at most 15.
        #expect(abs(y[i][j] - expected) <= 100 * tolerance, "output \(i), \(j)")
      }
    }
  }

  private func matrix(_ extent: Int, _ element: (Int, Int) -> Int) -> [[Double]] {
    (0..<extent).map { i in (0..<extent).map { j in Double(element(i, j)) } }
  }
}
