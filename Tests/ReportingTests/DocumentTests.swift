import Foundation
import Reporting
import Testing

/// The JSON documents of measurements, which the program writes and `table` reads.
@Suite struct DocumentTests {
  @Test("a document of curvature that is read and written again has the same bytes")
  func curvature() throws {
    let text = RunOnDisk.curvatureDocument(mean: 3.25)
    let file = try JSONDecoder().decode(CurvatureFile.self, from: Data(text.utf8))
    #expect(try ResultDocument.text(file) == text)
    let result = try #require(CurvatureResult(file))
    #expect(result.gradientNorm == 2.5 && result.hessianNorm == 30.5 && result.curvature == 3.25)
    #expect(result.method == "f: loss; ten products; 7 test samples")
  }

  @Test("a document of an attack that is read and written again has the same bytes")
  func attack() throws {
    let text = RunOnDisk.attackDocument(robust: [0.75, 0.25])
    let file = try JSONDecoder().decode(AttackFile.self, from: Data(text.utf8))
    #expect(try ResultDocument.text(file) == text)
    let result = try #require(RobustnessResult(file))
    #expect(result.norm == "l2" && result.epsilons.map(\.epsilon) == [0.1, 0.2])
    #expect(result.epsilons.map(\.accuracy) == [0.75, 0.25])
    #expect(result.method == "attack: pgd (steps 20); 9 test samples")
  }

  @Test("measurements of training samples are no results of a run")
  func trainingSamples() throws {
    let curvature = RunOnDisk.curvatureDocument(mean: 3.25)
      .replacingOccurrences(of: "\"test\"", with: "\"train\"")
    #expect(
      CurvatureResult(try JSONDecoder().decode(CurvatureFile.self, from: Data(curvature.utf8)))
        == nil)
    let attack = RunOnDisk.attackDocument(robust: [0.75])
      .replacingOccurrences(of: "\"test\"", with: "\"train\"")
    #expect(
      RobustnessResult(try JSONDecoder().decode(AttackFile.self, from: Data(attack.utf8))) == nil)
  }
}
