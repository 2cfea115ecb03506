import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// `launch/package`: what is in its packages.
  ///
  /// A small program in C stands in for one with the Swift runtime inside, whose build takes minutes.
  /// `launch/package --try` makes the real ones, and trains with them.
  @Suite struct PackagingTests {
    private static let hasDebianTools: Bool = {
      (try? Program.start(command: ["dpkg-shlibdeps", "--version"]).outcome())?.status == 0
    }()
    private static let debian: ConditionTrait = .enabled(
      if: hasDebianTools, "needs Debian's package dpkg-dev")

    private static let source = """
      #include <cblas.h>
      #include <mpi.h>
      #include <stdio.h>
      int main(int count, char **arguments) {
        int begun = 0;
        MPI_Initialized(&begun);
        openblas_set_num_threads(1);
        return puts(count == 2 ? "1.2.3" : "complete") < 0;
      }
      """

    /// Packs the stand-in into `directory/packages`.
    private static func pack(in directory: TemporaryDirectory) throws {
      try directory.write(Array(source.utf8), to: "program.c")
      let compile = """
        clang program.c -o program $(pkg-config --cflags --libs "${MPI_PKG_CONFIG:-mpi}" openblas) &&
          exec "$0" --program program "$PWD/packages"
        """
      let packed = try Program.start(
        command: ["sh", "-c", compile, Program.script("launch/package")], in: directory
      ).outcome()
      try #require(packed.status == 0, "\(packed)")
    }

    private static func output(
      _ command: [String], in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      let outcome = try Program.start(command: command, in: directory).outcome()
      try #require(outcome.status == 0, "\(outcome)")
      return outcome
    }

    @Test(
      "both packages hold the program, its launchers and job scripts, and ask for its libraries",
      debian)
    func contents() throws {
      let directory = try TemporaryDirectory()
      try Self.pack(in: directory)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/packages")
      let package = try #require(names.first { $0.hasSuffix(".deb") })
      let archive = try #require(names.first { $0.hasSuffix(".tar.gz") })
      #expect(package.hasPrefix("lcnn-dist-") && package.contains("_1.2.3_"), "\(package)")
      #expect(archive.hasPrefix("lcnn-dist-1.2.3-"), "\(archive)")

      let fields = try Self.output(["dpkg-deb", "--field", "packages/\(package)"], in: directory)
      let depends = try #require(fields.outputLines.first { $0.hasPrefix("Depends: ") })
      let launcher = MPIFamily.isMPICH ? "mpich" : "openmpi-bin"
      let library = MPIFamily.isMPICH ? "libmpich" : "libopenmpi"
      for expected in ["libc6 [(]>= ", ", libopenblas0", ", \(library)[0-9]", ", \(launcher)$"] {
        #expect(try depends.firstMatch(of: Regex(expected)) != nil, "\(expected): \(depends)")
      }
      #expect(!depends.contains("gfortran"), "a library of a library: \(depends)")

      _ = try Self.output(
        [
          "sh", "-c",
          "dpkg-deb --extract packages/*.deb deb && mkdir tar && tar -xf packages/*.gz -C tar",
        ],
        in: directory)
      for root in ["deb/usr", "tar/lcnn-dist-1.2.3"] {
        let files = try FileManager.default.subpathsOfDirectory(atPath: "\(directory.path)/\(root)")
        for file in [
          "bin/lcnn-dist", "share/lcnn-dist/launch/local",
          "share/lcnn-dist/launch/local_job/job.py",
          "share/lcnn-dist/launch/supervise", "share/lcnn-dist/launch/requirements.sh",
          "share/lcnn-dist/launch/slurm/job.sh", "share/lcnn-dist/cluster/netns/hosts",
          "share/bash-completion/completions/lcnn-dist",
        ] + JobScript.all.map({ "share/lcnn-dist/launch/slurm/\($0.name).sbatch" }) {
          #expect(files.contains(file), "no \(file) in \(root)")
        }
        #expect(files.contains { $0.hasSuffix("/copyright") })
        #expect(!files.contains { $0.contains("__pycache__") || $0.hasSuffix("launch/test") })
      }
    }

    @Test("what was unpacked finds its program and job scripts, away from any checkout", debian)
    func unpacked() throws {
      let directory = try TemporaryDirectory()
      try Self.pack(in: directory)
      let root = "an app/lcnn-dist-1.2.3"
      _ = try Self.output(
        ["sh", "-c", "mkdir 'an app' && tar -xf packages/*.gz -C 'an app'"], in: directory)
      let program = "\(root)/bin/lcnn-dist"
      try directory.remove(program)
      try FileManager.default.copyItem(
        atPath: try Program.path(), toPath: "\(directory.path)/\(program)")
      let local = try Self.output(
        ["\(root)/share/lcnn-dist/launch/local", "-n", "1", "--dry-run", "--", "train"],
        in: directory)
      #expect(local.output.contains("/\(program)' train"), "\(local)")
      let script = try Self.output(
        [program, "launch", "slurm", "train", "--dry-run"], in: directory)
      #expect(
        script.output.contains(
          "home=${LCNN_DIST_HOME:-'\(directory.path)/\(root)/share/lcnn-dist'}"),
        "\(script)")
    }

    @Test("a program that needs Swift's libraries is refused")
    func refused() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.start(
        command: [Program.script("launch/package"), "--program", try Program.path(), "packages"],
        in: directory
      ).outcome()
      #expect(outcome.status == 1, "\(outcome)")
      #expect(outcome.errors.contains("still needs these libraries of Swift"), "\(outcome)")
      #expect(outcome.output.contains("libswiftCore.so"), "\(outcome)")
    }
  }
}
