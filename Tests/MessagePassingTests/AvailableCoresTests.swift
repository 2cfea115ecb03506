import Foundation
import InProcessRanks
import MessagePassing
import TestFiles
import Testing

@Suite struct AvailableCoresTests {
  /// What a system of these files tells.
  private func cores(_ files: [String: String]) throws -> AvailableCores {
    let root = try TemporaryDirectory()
    for (path, text) in files { try root.write(text.utf8, to: path) }
    return AvailableCores(systemAt: root.path + "/")
  }

  private func status(_ list: String) -> String {
    "Name:\tlcnn-dist\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\nMems_allowed_list:\t0\n"
  }

  private func siblings(_ cpu: Int, _ list: String) -> (String, String) {
    ("sys/devices/system/cpu/cpu\(cpu)/topology/core_cpus_list", "\(list)\n")
  }

  @Test("this process has a core, on a machine with a name")
  func current() {
    let found = AvailableCores.current()
    #expect(!found.machine.isEmpty && !found.cores.isEmpty)
    #expect(found.cores.count <= ProcessInfo.processInfo.processorCount)
  }

  @Test("two CPUs of one core are one core")
  func siblings() throws {
    let topology = [(0, "0,4"), (1, "1,5"), (4, "0,4"), (5, "1,5"), (6, "6-7"), (7, "6-7")]
    var files = Dictionary(uniqueKeysWithValues: topology.map { siblings($0.0, $0.1) })
    files["proc/self/status"] = status("0-1,4-7")
    files["proc/sys/kernel/random/boot_id"] = "a-b\n"
    #expect(try cores(files) == AvailableCores(machine: "a-b\n", cores: [0, 1, 6]))
  }

  @Test("a control group's limit is told in cores, and none if there is none")
  func quota() throws {
    let limits: [(String, Double?)] = [
      ("150000 100000\n", 1.5), ("max 100000\n", nil), ("100000 0\n", nil), ("", nil),
    ]
    for (text, expected) in limits {
      #expect(try cores(["sys/fs/cgroup/cpu.max": text]).quota == expected, "\(text)")
    }
  }

  @Test("a system that tells nothing has no cores, and a rank on it one thread")
  func nothing() throws {
    let found = try cores([:])
    #expect(found.cores.isEmpty && found.quota == nil && !found.machine.isEmpty)
    #expect(AvailableCores.threads(ofRank: 0, among: [found, found]) == 1)
  }

  /// Ranks by their cores, and the threads that each should have.
  private static let shares: [(name: String, ranks: [AvailableCores], threads: [Int])] = [
    ("a rank by itself", [AvailableCores(machine: "a", cores: [0, 1, 2, 3])], [4]),
    (
      "ranks bound to a core each",
      [AvailableCores(machine: "a", cores: [0]), AvailableCores(machine: "a", cores: [1])], [1, 1]
    ),
    (
      "ranks bound to several cores each",
      [
        AvailableCores(machine: "a", cores: [0, 1]),
        AvailableCores(machine: "a", cores: [2, 3, 4]),
      ],
      [2, 3]
    ),
    (
      "ranks that share all cores",
      Array(repeating: AvailableCores(machine: "a", cores: Array(0..<7)), count: 3), [2, 2, 2]
    ),
    (
      "more ranks than cores",
      Array(repeating: AvailableCores(machine: "a", cores: [0, 1]), count: 4), [1, 1, 1, 1]
    ),
    (
      "the same cores of different machines",
      [
        AvailableCores(machine: "a", cores: [0, 1]),
        AvailableCores(machine: "b", cores: [0, 1, 2]),
      ],
      [2, 3]
    ),
    (
      "a limit, which ranks of a machine share",
      [
        AvailableCores(machine: "a", cores: [0, 1, 2, 3], quota: 4.5),
        AvailableCores(machine: "a", cores: [4, 5, 6, 7], quota: 4.5),
      ], [2, 2]
    ),
    (
      "a limit below a core", [AvailableCores(machine: "a", cores: [0, 1], quota: 0.5)], [1]
    ),
  ]

  @Test("a rank's threads are the cores that it has for itself", arguments: shares.indices)
  func threads(index: Int) {
    let (name, ranks, expected) = Self.shares[index]
    let threads = ranks.indices.map { AvailableCores.threads(ofRank: $0, among: ranks) }
    #expect(threads == expected, "\(name)")
  }

  @Test("every rank's cores reach all ranks")
  func gather() throws {
    let gathered = try InProcessCommunicator.run(ranks: 3) { try AvailableCores.gather(over: $0) }
    let own = AvailableCores.current()
    for all in gathered { #expect(all == [own, own, own]) }
  }
}
