import Checkpoints
import Tensors

/// Moving a model's tensors out of and into state dicts with the reference's names and order of axes.
extension Model {
  /// Suffixes of entries that the reference's state dicts may hold and that are no state here: the count
  /// of batches is never used, the softplus offset is the constant log 2.
  public static let ignoredSuffixes = [".num_batches_tracked", ".offset"]

  /// Every parameter under each of its names, and the state.
  public func stateDictionary() -> StateDictionary {
    var dictionary = StateDictionary()
    for parameter in parameters.reversed() {
      let values = parameter.layout.store(parameter.value)
      for name in parameter.names {
        dictionary.append(name, shape: parameter.layout.checkpointShape, values: values)
      }
    }
    for entry in state {
      dictionary.append(
        entry.name, shape: entry.layout.checkpointShape, values: entry.layout.store(entry.tensor))
    }
    return dictionary
  }

  /// Replaces all values by those of a state dict; nothing is changed if it does not fit.
  ///
  /// - Parameter source: what to call the dictionary in messages.
  public func load(_ dictionary: StateDictionary, from source: String) throws(StateError) {
    var known: Set<String> = []
    for parameter in parameters {
      for name in parameter.names {
        try check(name, shape: parameter.layout.checkpointShape, in: dictionary, source)
        known.insert(name)
      }
      try checkCopies(of: parameter, in: dictionary, source)
    }
    for entry in state {
      try check(entry.name, shape: entry.layout.checkpointShape, in: dictionary, source)
      known.insert(entry.name)
    }
    for name in dictionary.names
    where !known.contains(name) && !Model.ignoredSuffixes.contains(where: { name.hasSuffix($0) }) {
      throw .unexpected(name: name, source: source)
    }
    for parameter in parameters {
      guard let entry = dictionary[parameter.names[0]] else { continue }
      parameter.layout.load(entry.values, into: parameter.value)
    }
    for tensor in state {
      guard let entry = dictionary[tensor.name] else { continue }
      tensor.layout.load(entry.values, into: tensor.tensor)
    }
  }

  /// The optimizer's velocities under the parameters' first names.
  public func optimizerDictionary() -> StateDictionary {
    var dictionary = StateDictionary()
    for parameter in trained {
      dictionary.append(
        parameter.names[0], shape: parameter.layout.checkpointShape,
        values: parameter.layout.store(parameter.velocity))
    }
    return dictionary
  }

  /// Replaces the optimizer's velocities.
  public func loadOptimizer(
    _ dictionary: StateDictionary, from source: String
  ) throws(StateError) {
    for parameter in trained {
      try check(
        parameter.names[0], shape: parameter.layout.checkpointShape, in: dictionary, source)
    }
    for parameter in trained {
      guard let entry = dictionary[parameter.names[0]] else { continue }
      parameter.layout.load(entry.values, into: parameter.velocity)
    }
  }

  private func check(
    _ name: String, shape: [Int], in dictionary: StateDictionary, _ source: String
  ) throws(StateError) {
    guard let entry = dictionary[name] else { throw .missing(name: name, source: source) }
    guard entry.shape == shape else {
      throw .wrongShape(name: name, found: entry.shape, expected: shape, source: source)
    }
  }

  private func checkCopies(
    of parameter: Parameter, in dictionary: StateDictionary, _ source: String
  ) throws(StateError) {
    guard let first = dictionary[parameter.names[0]] else { return }
    for name in parameter.names.dropFirst() where dictionary[name]?.values != first.values {
      throw .unequalCopies(first: first.name, other: name, source: source)
    }
  }
}

/// A state dict that does not fit the network.
public enum StateError: Error, Equatable, CustomStringConvertible {
  case missing(name: String, source: String)
  case unexpected(name: String, source: String)
  case wrongShape(name: String, found: [Int], expected: [Int], source: String)
  case unequalCopies(first: String, other: String, source: String)

  public var description: String {
    switch self {
    case .missing(let name, let source):
      "\(source): no tensor \(name), which the network needs"
    case .unexpected(let name, let source):
      "\(source): tensor \(name) has no place in the network"
    case .wrongShape(let name, let found, let expected, let source):
      "\(source): \(name) is \(found), but the network needs \(expected)"
    case .unequalCopies(let first, let other, let source):
      "\(source): \(other) differs from \(first), but both name the one shared parameter"
    }
  }
}
