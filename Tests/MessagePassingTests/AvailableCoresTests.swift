import Foundation
import InProcessRanks
import MessagePassing
import TestFiles
import Testing

@Suite struct AvailableCoresTests {
  /// The cores of a system with these files.
  private func cores(_ files: [String: String]) throws -> AvailableCores {
    let root = try TemporaryDirectory()
    for (path, text) in files { try root.write(text.utf8, to: path) }
    let system = root.path + "/"
    return AvailableCores(systemAt: system, group: ControlGroup(systemAt: system))
  }

  private func status(_ list: String) -> String {
    "Name:\tlcnn-dist\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\nMems_allowed_list:\t0\n"
  }

  private func siblings(_ cpu: Int, _ list: String) -> (String, String) {
    ("sys/devices/system/cpu/cpu\(cpu)/topology/core_cpus_list", "\(list)\n")
  }

  @Test("this process has a core, on a node with a name")
  func current() {
    let found = AvailableCores.current()
    #expect(!found.node.isEmpty && !found.cores.isEmpty)
    #expect(found.cores.count <= ProcessInfo.processInfo.processorCount)
  }

  @Test("two CPUs of one core are one core")
  func siblings() throws {
    let topology = [(0, "0,4"), (1, "1,5"), (4, "0,4"), (5, "1,5"), (6, "6-7"), (7, "6-7")]
    var files = Dictionary(uniqueKeysWithValues: topology.map { siblings($0.0, $0.1) })
    files["proc/self/status"] = status("0-1,4-7")
    files["proc/sys/kernel/random/boot_id"] = "a-b\n"
    #expect(try cores(files) == AvailableCores(node: "a-b\n", cores: [0, 1, 6]))
  }

  @Test("the limit of a control group is a number of cores, or nil without a limit")
  func quota() throws {
    let limits: [(String, Double?)] = [
      ("150000 100000\n", 1.5), ("max 100000\n", nil), ("100000 0\n", nil), ("", nil),
    ]
    for (text, expected) in limits {
      #expect(try cores(["sys/fs/cgroup/cpu.max": text]).quota == expected, "\(text)")
    }
  }

  @Test("a system without these files has no cores, and a rank on it has one thread")
  func nothing() throws {
    let found = try cores([:])
    #expect(found.cores.isEmpty && found.quota == nil && !found.node.isEmpty)
    #expect(AvailableCores.threads(ofRank: 0, among: [found, found]) == 1)
  }

  /// The cores of each rank, and the expected number of threads.
  private static let shares: [(name: String, ranks: [AvailableCores], threads: [Int])] = [
    ("a rank by itself", [AvailableCores(node: "a", cores: [0, 1, 2, 3])], [4]),
    (
      "ranks bound to a core each",
      [AvailableCores(node: "a", cores: [0]), AvailableCores(node: "a", cores: [1])], [1, 1]
    ),
    (
      "ranks bound to several cores each",
      [
        AvailableCores(node: "a", cores: [0, 1]),
        AvailableCores(node: "a", cores: [2, 3, 4]),
      ],
      [2, 3]
    ),
    (
      "ranks that share all cores",
      Array(repeating: AvailableCores(node: "a", cores: Array(0..<7)), count: 3), [2, 2, 2]
    ),
    (
      "more ranks than cores",
      Array(repeating: AvailableCores(node: "a", cores: [0, 1]), count: 4), [1, 1, 1, 1]
    ),
    (
      "the same cores of different nodes",
      [
        AvailableCores(node: "a", cores: [0, 1]),
        AvailableCores(node: "b", cores: [0, 1, 2]),
      ],
      [2, 3]
    ),
    (
      "a limit, which ranks of a node share",
      [
        AvailableCores(node: "a", cores: [0, 1, 2, 3], quota: 4.5),
        AvailableCores(node: "a", cores: [4, 5, 6, 7], quota: 4.5),
      ], [2, 2]
    ),
    (
      "a limit below a core", [AvailableCores(node: "a", cores: [0, 1], quota: 0.5)], [1]
    ),
  ]

  @Test(
    "the threads of a rank are as many as the cores that no other rank uses",
    arguments: shares.indices)
  func threads(index: Int) {
    let (name, ranks, expected) = Self.shares[index]
    let threads = ranks.indices.map { AvailableCores.threads(ofRank: $0, among: ranks) }
    #expect(threads == expected, "\(name)")
  }

  @Test("every rank's cores reach all ranks")
  func gather() throws {
    let gathered = try InProcessCommunicator.run(ranks: 3) { try AvailableCores.gather(over: $0) }
    let mine = AvailableCores.current()
    for all in gathered { #expect(all == [mine, mine, mine]) }
  }
}
