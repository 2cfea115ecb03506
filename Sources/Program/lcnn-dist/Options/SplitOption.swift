import ArgumentParser
import Datasets

/// Option for the split of the data set.
struct SplitOption: ParsableArguments {
  @Option(help: "split of the data set to use")
  var split: Dataset.Split = .test
}

extension Dataset.Split: ExpressibleByArgument {}
