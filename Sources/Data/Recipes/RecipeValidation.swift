extension Recipe {
  /// Checks the rules between keys; each value alone was checked when it was set.
  public func validate() throws(RecipeError) {
    try validateNetwork()
    if variant == .standard {
      for (key, penalty) in [("beta-penalty", betaPenalty), ("gamma-penalty", gammaPenalty)] {
        guard (penalty ?? 0) == 0 else {
          throw .pointless(key: key, needs: "variant lcnn", found: variant.rawValue)
        }
      }
    }
    // Pixels span [0, 1], so that a larger ε allows any image.
    guard adversarialNorm == .l2 || adversarialEpsilon <= 1 else {
      throw .exceeds(
        key: "adversarial-epsilon", value: "\(adversarialEpsilon)",
        limitKey: "the range of pixels", limit: "1 in the norm linf")
    }
    guard !reproducible || batchNorm == .global else {
      throw .pointless(key: "reproducible", needs: "batch-norm global", found: batchNorm.rawValue)
    }
    guard syntheticSize <= Self.largestSyntheticSize else {
      throw .exceeds(
        key: "synthetic-size", value: "\(syntheticSize)", limitKey: "the largest side of an image",
        limit: "\(Self.largestSyntheticSize)")
    }
    guard milestones == milestones.sorted() else {
      throw .notAscending(key: "milestones", found: "\(milestones)")
    }
    guard warmupEpochs <= Double(epochs) else {
      throw .exceeds(
        key: "warmup-epochs", value: "\(warmupEpochs)", limitKey: "epochs", limit: "\(epochs)")
    }
  }

  /// ImageNet's usual side, doubled: beyond that the default number of images fills a machine's memory.
  private static let largestSyntheticSize = 448

  /// The directory of a data set that is read from files.
  public func dataDirectory() throws(RecipeError) -> String {
    guard let data else { throw .missing(key: "data", because: "data-set \(dataSet.rawValue)") }
    return data
  }

  private func validateNetwork() throws(RecipeError) {
    let name = architecture.rawValue
    let present = [
      ("stem", stem != nil, Architecture.resnet), ("widths", !widths.isEmpty, .resnet),
      ("blocks", !blocks.isEmpty, .resnet), ("layers", !layers.isEmpty, .vgg),
    ]
    for (key, isGiven, owner) in present {
      if isGiven && architecture != owner {
        throw .pointless(key: key, needs: "architecture \(owner.rawValue)", found: name)
      }
      if !isGiven && architecture == owner && key != "stem" {
        throw .missing(key: key, because: "architecture \(name)")
      }
    }
    guard layers.isEmpty || layers.contains(where: { $0 != .pooling }) else {
      throw .noConvolution(key: "layers", found: "\(jsonObject["layers"] ?? .null)")
    }
    guard widths.count == blocks.count else {
      throw .unequalCounts(
        key: "widths", count: widths.count, other: "blocks", otherCount: blocks.count)
    }
  }
}
