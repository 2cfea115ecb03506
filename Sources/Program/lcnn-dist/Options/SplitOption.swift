import ArgumentParser
import Datasets

/// The split of the data set that a model is given.
struct SplitOption: ParsableArguments {
  @Option(help: "split of the data set to use")
  var split: Dataset.Split = .test
}

extension Dataset.Split: ExpressibleByArgument {}
