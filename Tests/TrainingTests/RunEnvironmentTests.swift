import Foundation
import Testing
import Training

@Suite struct RunEnvironmentTests {
  private func start(_ units: String?, _ precision: String?) throws -> RunEnvironment {
    let versions = RunEnvironment.Versions(program: "1", messagePassing: "2", blas: "3")
    return RunEnvironment(
      versions: versions, vectorUnits: units, precision: precision, hosts: ["a"], threads: [1],
      trainData: "x", testData: "y", step: 0)
  }

  @Test("AMX computes as AVX-512 does in fp32, and otherwise in bfloat16")
  func tiles() throws {
    let before = try start("avx512", "fp32")
    #expect(try start("amx", "fp32").differences(from: before).isEmpty)
    #expect(
      try start("amx", "bf16").differences(from: start("avx512", "bf16")) == [
        "vector units: amx, before it was avx512: no longer the bits of a run in one go"
      ])
    #expect(
      try start("avx2", "fp32").differences(from: before) == [
        "vector units: avx2, before it was avx512: no longer the bits of a run in one go"
      ])
  }

  @Test("another precision is told, and nothing of starts that did not record theirs")
  func precisions() throws {
    #expect(
      try start("amx", "bf16x3").differences(from: start("amx", "fp32")) == [
        "precision: bf16x3, before it was fp32: no longer the bits of a run in one go"
      ])
    #expect(try start("avx2", "fp32").differences(from: start(nil, nil)).isEmpty)
  }

  @Test("a line of units that this version does not know is read, and of no precision")
  func unknown() throws {
    let line = """
      {"versions":{"program":"9","messagePassing":"","blas":""},"vectorUnits":"avx10","hosts":["a"],\
      "threads":[1],"trainData":"x","testData":"y","step":3}
      """
    let found = try JSONDecoder().decode(RunEnvironment.self, from: Data(line.utf8))
    #expect(found.vectorUnits == "avx10" && found.precision == nil && found.trainData == "x")
  }
}
