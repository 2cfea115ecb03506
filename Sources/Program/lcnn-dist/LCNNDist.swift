import ArgumentParser
import Failures
import Foundation

/// The program and its subcommands.
struct LCNNDist: ParsableCommand {
  static let release = "0.2.0"

  /// The release and the commit of the sources, such as `0.2.0+90f0f32c1d2e`; `.changed` follows where
  /// they had changes that were not committed.
  static let version = sourceCommit.isEmpty ? release : "\(release)+\(sourceCommit)"

  static let configuration = CommandConfiguration(
    commandName: "lcnn-dist",
    abstract: "Train low-curvature neural networks in data parallel over MPI, on CPUs.",
    discussion: """
      Start ranks by mpirun or srun; without either the program is rank 0 of 1:

        mpirun -n 8 lcnn-dist train               the built-in digits recipe
        mpirun -n 8 lcnn-dist train --recipe cifar10-vgg11-lcnn --data DIR
        lcnn-dist train --resume --run runs/NAME  go on where a run stopped
        lcnn-dist evaluate --model runs/NAME      its newest checkpoint
        lcnn-dist curvature --model runs/NAME     per-sample curvature
        lcnn-dist attack --model runs/NAME        accuracy under attack
        lcnn-dist bound --model runs/NAME         certified norms and radii
        lcnn-dist table runs/*                    the paper's tables
        lcnn-dist report runs/NAME                plots, as one HTML file
        lcnn-dist runs --watch                    all runs and their states
        lcnn-dist checkpoint list runs/NAME       what it has saved
        mpirun -n 2 lcnn-dist bench               where the time goes
        mpirun -n 2 lcnn-dist doctor              whether machine and launch are sound
        lcnn-dist recipe                          names of the built-in recipes

      Where ranks outnumber cores, give mpirun --oversubscribe. The batch size and \
      every other hyper-parameter is that of all ranks together, so their number \
      changes results by rounding only.

      EXIT CODES:
      \(ExitStatus.allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n"))
      """,
    version: version,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, CurvatureCommand.self, StabilityCommand.self,
      AttackCommand.self, BoundCommand.self, LandscapeCommand.self, TableCommand.self,
      ReportCommand.self,
      RunsCommand.self, CompareCommand.self, CheckpointCommand.self, DescribeCommand.self,
      BenchCommand.self, DoctorCommand.self, ReplayCommand.self, LaunchCommand.self,
      SamplesCommand.self, RecipeCommand.self, ReferenceCommand.self,
    ])
}

/// Errors of the commands' own checks of options are reported like errors of the parser.
extension ValidationError: Failure {
  public var exitStatus: ExitStatus { .usage }
}
