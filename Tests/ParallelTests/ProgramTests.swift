import Foundation
import Testing

@Suite struct ProgramTests {
  @Test("the built program stands beside the tests")
  func exists() {
    #expect(FileManager.default.isExecutableFile(atPath: ".build/release/lcnn-dist"))
  }
}
