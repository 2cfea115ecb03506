extension Recipe {
  /// Checks the rules between keys; setting a key has already checked its value.
  public func validate() throws(RecipeError) {
    try validateNetwork()
    let components = self.components
    for (key, weight) in [
      ("beta-penalty", self.betaPenalty ?? 0), ("beta-decay", self.betaDecay),
      ("bound-penalty", self.boundPenalty),
    ] where weight > 0 && !components.trainsBeta {
      throw .inapplicable(
        key: key, needs: "activation trained-softplus", found: components.activation.rawValue)
    }
    guard components.trainsGamma || (self.gammaPenalty ?? 0) == 0 else {
      throw .inapplicable(
        key: "gamma-penalty", needs: "batch-norm-constraint lipschitz",
        found: components.batchNormConstraint.rawValue)
    }
    // Pixels span [0, 1], so an ε above 1 would allow any image.
    guard self.adversarialNorm == .l2 || self.adversarialEpsilon <= 1 else {
      throw .exceeds(
        key: "adversarial-epsilon", value: "\(self.adversarialEpsilon)",
        limitKey: "the range of pixels", limit: "1 in the norm linf")
    }
    guard !self.reproducible || self.batchNorm == .global else {
      throw .inapplicable(
        key: "reproducible", needs: "batch-norm global", found: self.batchNorm.rawValue)
    }
    guard self.syntheticSize <= Self.largestSyntheticSize else {
      throw .exceeds(
        key: "synthetic-size", value: "\(self.syntheticSize)",
        limitKey: "the largest side of an image",
        limit: "\(Self.largestSyntheticSize)")
    }
    guard self.milestones == self.milestones.sorted() else {
      throw .notAscending(key: "milestones", found: "\(self.milestones)")
    }
    guard self.warmupEpochs <= Double(self.epochs) else {
      throw .exceeds(
        key: "warmup-epochs", value: "\(self.warmupEpochs)", limitKey: "epochs",
        limit: "\(self.epochs)")
    }
  }

  /// Twice ImageNet's usual side; with larger images the default number of them does not fit in
  /// memory.
  private static let largestSyntheticSize = 448

  /// Directory of a data set that is read from files.
  public func dataDirectory() throws(RecipeError) -> String {
    guard let data = self.data else {
      throw .missing(key: "data", because: "data-set \(self.dataSet.rawValue)")
    }
    return data
  }

  private func validateNetwork() throws(RecipeError) {
    let name = self.architecture.rawValue
    let present = [
      ("stem", self.stem != nil, NetworkName.resnet), ("widths", !self.widths.isEmpty, .resnet),
      ("blocks", !self.blocks.isEmpty, .resnet), ("layers", !self.layers.isEmpty, .vgg),
    ]
    for (key, isGiven, owner) in present {
      if isGiven && self.architecture != owner {
        throw .inapplicable(key: key, needs: "architecture \(owner.rawValue)", found: name)
      }
      if !isGiven && self.architecture == owner && key != "stem" {
        throw .missing(key: key, because: "architecture \(name)")
      }
    }
    guard self.layers.isEmpty || self.layers.contains(where: { $0 != .pooling }) else {
      throw .noConvolution(key: "layers", found: "\(jsonObject["layers"] ?? .null)")
    }
    guard self.widths.count == self.blocks.count else {
      throw .unequalCounts(
        key: "widths", count: self.widths.count, other: "blocks", otherCount: self.blocks.count)
    }
  }
}
