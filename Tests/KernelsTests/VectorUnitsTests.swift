import Foundation
import Kernels
import Testing

@Suite struct VectorUnitsTests {
  @Test("kernels use the units that LCNN_VECTOR_UNITS names, by default the largest set of the CPU")
  func inUse() {
    let asked = ProcessInfo.processInfo.environment["LCNN_VECTOR_UNITS"]
    #expect(VectorUnits.current.rawValue == asked ?? VectorUnits.detected.rawValue)
  }

  @Test("units that the CPU lacks are refused, and those in use stay")
  func lacking() {
    let before = VectorUnits.current
    for units in VectorUnits.allCases where units > .detected {
      #expect(throws: VectorUnitsError.lacking(asked: units, detected: .detected)) {
        try VectorUnits.use(units)
      }
    }
    #expect(VectorUnits.current == before)
  }

  @Test("vector units are in ascending order")
  func order() {
    #expect(VectorUnits.allCases.sorted() == [.portable, .avx2, .avx512, .amx])
    #expect(VectorUnits.portable <= .detected)
  }

  @Test("the error names both sets")
  func wording() {
    let error = VectorUnitsError.lacking(asked: .avx512, detected: .avx2)
    #expect("\(error)" == "this CPU has no avx512, only avx2")
  }
}
