import Checkpoints
import Failures
import MessagePassing
import Tensors

/// The state of a model: state dicts with the reference's names and axis order, copies, broadcasts.
extension Model {
  /// Suffixes of entries in the reference's state dicts that are ignored: the count of batches,
  /// which is unused, and the softplus offset, which is the constant log 2.
  public static let ignoredSuffixes = [".num_batches_tracked", ".offset"]

  /// Every parameter under each of its names, and the state; values are read when they are needed.
  ///
  /// Valid while the model lives.
  public var stateTensors: [DeferredTensor] { stateTensors { $0 } }

  /// The optimizer's momentum buffers under the parameters' first names.
  public var momentumTensors: [DeferredTensor] { momentumTensors { $0 } }

  /// ``stateTensors`` with values that lie elsewhere.
  func stateTensors(at place: (Tensor) -> Tensor) -> [DeferredTensor] {
    parameters.reversed().flatMap { parameter in
      parameter.names.map { deferred($0, place(parameter.value), parameter.layout) }
    } + state.map { deferred($0.name, place($0.tensor), $0.layout) }
  }

  /// ``momentumTensors`` with values that lie elsewhere.
  func momentumTensors(at place: (Tensor) -> Tensor) -> [DeferredTensor] {
    trained.map { deferred($0.names[0], place($0.momentumBuffer), $0.layout) }
  }

  /// The tensors that ranks of a node may share and a checkpoint holds.
  var sharedTensors: [Tensor] {
    [flatParameters, momentumBuffers].filter { $0.isPresent && $0.count > 0 }
      + parameters.filter { !$0.isTrained }.map(\.value)
      + reparameterizations.flatMap(\.state).map(\.tensor)
  }

  private func deferred(
    _ name: String, _ tensor: Tensor, _ layout: CheckpointLayout
  ) -> DeferredTensor {
    DeferredTensor(name, shape: layout.checkpointShape, rows: layout.rows) {
      layout.store(tensor, rows: $0)
    }
  }

  /// A copy of ``stateTensors``.
  public func stateDictionary() -> StateDictionary { StateDictionary(stateTensors) }

  /// A copy of ``momentumTensors``.
  public func optimizerDictionary() -> StateDictionary { StateDictionary(momentumTensors) }

  /// Replaces all values by those of a state dict.
  ///
  /// Changes nothing if the dictionary does not fit, or holds a value that is not finite.
  /// - Parameter source: the name of the dictionary in messages.
  public func load(_ dictionary: some StateSource, from source: String) throws(StateError) {
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
      guard let values = dictionary.values(of: parameter.names[0]) else { continue }
      parameter.layout.load(values, into: parameter.value)
    }
    for tensor in state {
      guard let values = dictionary.values(of: tensor.name) else { continue }
      tensor.layout.load(values, into: tensor.tensor)
    }
  }

  /// Replaces the optimizer's momentum buffers.
  public func loadOptimizer(
    _ dictionary: some StateSource, from source: String
  ) throws(StateError) {
    for parameter in trained {
      try check(
        parameter.names[0], shape: parameter.layout.checkpointShape, in: dictionary, source)
    }
    for parameter in trained {
      guard let values = dictionary.values(of: parameter.names[0]) else { continue }
      parameter.layout.load(values, into: parameter.momentumBuffer)
    }
  }

  /// Copies another model's parameters, running statistics and power-iteration vectors.
  ///
  /// Both models have the same architecture; their purposes may differ. `refresh` must follow.
  public func copyParameters(of other: Model) {
    require(
      architecture == other.architecture, "\(other.architecture) copied into \(architecture)")
    for (target, source) in zip(parameters, other.parameters) {
      target.value.copy(from: source.value)
    }
    for (target, source) in zip(state, other.state) { target.tensor.copy(from: source.tensor) }
  }

  /// Gives every rank the values, state and momentum buffers of rank 0.
  ///
  /// Ranks that share the values overwrite them with equal bits. Only rank 0 needs to have set
  /// them, or to see the files of a checkpoint. All ranks then hold the same bits, even if their C
  /// libraries round differently.
  ///
  /// Collective.
  public func broadcast(over communicator: any Communicator) {
    var tensors = [flatParameters]
    tensors += parameters.filter { !$0.isTrained }.map(\.value)
    tensors += state.map(\.tensor)
    if momentumBuffers.isPresent { tensors.append(momentumBuffers) }
    for tensor in tensors {
      communicator.broadcast(UnsafeMutableRawBufferPointer(tensor.buffer), from: 0)
    }
  }

  private func check(
    _ name: String, shape: [Int], in dictionary: some StateSource, _ source: String
  ) throws(StateError) {
    guard let found = dictionary.shape(of: name) else {
      throw .missing(name: name, source: source)
    }
    guard found == shape else {
      throw .wrongShape(name: name, found: found, expected: shape, source: source)
    }
    let values = dictionary.values(of: name) ?? []
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(name: name, index: index, value: values[index], source: source)
    }
  }

  private func checkCopies(
    of parameter: Parameter, in dictionary: some StateSource, _ source: String
  ) throws(StateError) {
    guard parameter.names.count > 1 else { return }
    let first = dictionary.values(of: parameter.names[0])
    for name in parameter.names.dropFirst() where dictionary.values(of: name) != first {
      throw .unequalCopies(first: parameter.names[0], other: name, source: source)
    }
  }
}

/// A state dict that does not fit the network.
public enum StateError: Failure, Equatable {
  case missing(name: String, source: String)
  case unexpected(name: String, source: String)
  case wrongShape(name: String, found: [Int], expected: [Int], source: String)
  case unequalCopies(first: String, other: String, source: String)
  /// Element `index` of the tensor, in row-major order, is infinite or not a number.
  case notFinite(name: String, index: Int, value: Float, source: String)

  public var exitStatus: ExitStatus { .unusableInput }

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
    case .notFinite(let name, let index, let value, let source):
      "\(source): element \(index) of \(name) is \(value), expected finite numbers"
    }
  }
}
