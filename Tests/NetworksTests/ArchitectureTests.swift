import Networks
import Testing

@Suite struct ArchitectureTests {
  @Test("an image that is too small for its poolings is refused, with the required size")
  func tooSmall() {
    #expect(throws: ArchitectureError.imageTooSmall(height: 8, width: 32, poolings: 4)) {
      try Architecture(
        Architecture.vgg11, variant: .lowCurvature, height: 8, width: 32, channels: 3, classes: 10)
    }
  }

  @Test("a ResNet takes every image size, and its smallest image is known", arguments: 1...33)
  func everySize(extent: Int) throws {
    let architecture = try Architecture(
      Architecture.resNet18, variant: .lowCurvature, height: extent, width: 32, channels: 1,
      classes: 2)
    #expect(architecture.smallestPositions == ((extent + 7) / 8, 4))
  }
}
