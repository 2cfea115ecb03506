import Foundation
import Testing

extension WaitingRuns {
  /// `cluster/netns/hosts` by itself.
  @Suite(.enabled(if: NamespaceHosts.areAvailable, NamespaceHosts.requirement))
  struct NamespaceHostsTests {
    @Test("a limited link carries no more than its rate, and more again without the limit")
    func rate() throws {
      let hosts = try NamespaceHosts()
      func megabitsPerSecond() throws -> Double {
        let outcome = try hosts.command("measure")
        let number = outcome.output.split(separator: " ").first.flatMap { Double($0) }
        return try #require(number, "\(outcome)")
      }
      #expect(try hosts.command("rate", "100mbit").status == 0)
      let status = try hosts.command("status")
      #expect(status.outputLines.allSatisfy { $0.contains(" rate 100Mbit ") }, "\(status)")
      // The bucket lets 256 KB of the 20 MB pass at once: 1.3 %. A busy machine only slows it.
      #expect(try megabitsPerSecond() < 102)
      #expect(try hosts.command("rate", "none").status == 0)
      #expect(try megabitsPerSecond() > 200)
    }

    @Test("hosts have names of their own, and the commands can be repeated")
    func names() throws {
      let hosts = try NamespaceHosts()
      let names = ["\(hosts.name)-1", "\(hosts.name)-2"]
      #expect(try hosts.command("up", "2").status == 0)
      #expect(try hosts.command("list").outputLines == [names.joined(separator: ",")])
      #expect(try hosts.command("exec", "2", "hostname").outputLines == [names[1]])
      for _ in 0..<2 { #expect(try hosts.command("cut", names[1]).status == 0) }
      #expect(try hosts.command("status").outputLines[1].contains(" link cut "))
      #expect(try hosts.command("heal", "2").status == 0)
      #expect(try hosts.command("status").outputLines[1].contains(" link up "))
      let unknown = try hosts.command("cut", "3")
      #expect(unknown.status == 1, "\(unknown)")
      #expect(unknown.errors == "hosts: no host 3; there are: \(names[0]) \(names[1])\n")
      for _ in 0..<2 { #expect(try hosts.command("down").status == 0) }
      #expect(try hosts.command("status").errors == "hosts: no hosts of the name \(hosts.name)\n")
    }
  }
}
