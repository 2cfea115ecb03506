import Foundation
import PackagePlugin

/// Gives a target the constant `sourceCommit`: the commit of the sources that a build is made from.
///
/// It is asked of git before each build, so a build never carries the commit of an earlier one. In an
/// archive, into which git has written its commit, it is that of the archive; else it is empty.
@main struct SourceCommit: BuildToolPlugin {
  /// $1: the package; $2: the folder of the generated file, which is replaced only by another one.
  private static let script = """
    commit=
    if [ "$(git -C "$1" rev-parse --show-prefix 2>/dev/null || echo none)" = "" ]; then
      commit=$(git -C "$1" rev-parse HEAD 2>/dev/null | cut -c 1-12)
      [ -z "$(git --no-optional-locks -C "$1" status --porcelain 2>/dev/null)" ] || commit=$commit.changed
    else
      commit=$(cut -c 1-12 "$1/Sources/Program/SourceCommit/archived-commit" | grep -x '[0-9a-f]*')
    fi
    line="let sourceCommit = \\"$commit\\""
    mkdir -p "$2"
    [ "$(cat "$2/SourceCommit.swift" 2>/dev/null)" = "$line" ] || echo "$line" >"$2/SourceCommit.swift"
    """

  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let folder = context.pluginWorkDirectoryURL
    return [
      .prebuildCommand(
        displayName: "Asking git for the commit", executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: [
          "-c", Self.script, "sh", context.package.directoryURL.path(percentEncoded: false),
          folder.path(percentEncoded: false),
        ], outputFilesDirectory: folder)
    ]
  }
}
