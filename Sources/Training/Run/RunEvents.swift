import EventFiles
import Foundation
import Networks
import Recipes
import Tensors

extension Recipe {
  /// The recipe as text and as hyper-parameters, for TensorBoard.
  func summaries(run: String) throws -> [Summary] {
    let parameters = jsonObject.sorted { $0.key < $1.key }.compactMap { key, value in
      Self.parameter(value).map { (name: key, value: $0) }
    }
    // Four spaces make a block of code.
    let text = try json().split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    return [
      .text("recipe", text),
      .hyperParameters(parameters, group: run, startSeconds: Date().timeIntervalSince1970),
    ]
  }

  private static func parameter(_ value: RecipeValue) -> Summary.Parameter? {
    switch value {
    case .null: nil
    case .boolean(let flag): .boolean(flag)
    case .integer(let number): .number(Double(number))
    case .number(let number): .number(number)
    case .text(let text): .text(text)
    case .list: .text("\(value)")
    }
  }
}

extension RunOutput {
  /// Writes the distributions of weights, gradients, β and γ for TensorBoard.
  ///
  /// Gradients are those of the last step, over all ranks.
  func writeHistograms(_ model: Model, step: Int) throws {
    guard let events = metrics.events else { return }
    var summaries: [Summary?] = []
    for parameter in model.trained {
      let name = parameter.names[0]
      summaries.append(.histogram("weights/\(name)", parameter.value.buffer))
      summaries.append(.histogram("gradients/\(name)", parameter.gradient.buffer))
    }
    for (kind, tag) in [(Parameter.Kind.logBeta, "beta"), (.logLipschitz, "gamma")] {
      let values = model.trained.filter { $0.kind == kind }.map { $0.effective[0] }
      summaries.append(.histogram("layers/\(tag)", values))
    }
    try events.write(summaries.compactMap { $0 }, step: step)
    try events.flush()
  }
}
