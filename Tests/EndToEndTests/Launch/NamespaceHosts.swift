import Foundation
import Testing

/// Two hosts that `cluster/netns/hosts` has made of network namespaces, until the end of a test.
final class NamespaceHosts {
  let name: String

  init() throws {
    name = "test\(UInt32.random(in: 0...UInt32.max))"
    let outcome = try command("up", "2")
    try #require(outcome.status == 0, "\(outcome)")
  }

  deinit { _ = try? command("down") }

  /// A command of `cluster/netns/hosts` about these hosts, run to its end.
  func command(_ arguments: String...) throws -> Program.Outcome {
    try Program.start(command: [Program.script("cluster/netns/hosts"), "--name", name] + arguments)
      .outcome()
  }

  /// Files that Open MPI has left for these hosts.
  var remains: [String] {
    ["/tmp", "/dev/shm"].flatMap { directory in
      let names = try? FileManager.default.contentsOfDirectory(atPath: directory)
      return (names ?? []).filter { $0.contains(".\(name)-") }
    }
  }

  /// Whether this machine can have any: the tests that need them are skipped where it cannot.
  static let areAvailable: Bool = {
    let probe = """
      command -v tc && ip netns add "$0" || exit 1
      ip netns exec "$0" unshare --uts true && possible=yes
      ip netns delete "$0" && [ "${possible-no}" = yes ]
      """
    let name = "probe\(UInt32.random(in: 0...UInt32.max))"
    let outcome = try? Program.start(command: ["sh", "-c", probe, name]).outcome()
    return outcome?.status == 0
  }()

  static let requirement: Comment = "network namespaces need root, and ip and tc of iproute2"
}
