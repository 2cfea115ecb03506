import MessagePassing
import TestFiles
import Testing

@Suite struct ControlGroupTests {
  /// A system's files, and the limits that they set.
  struct System: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: String]
    let cores: Double?
    var memoryBytes: Int?
    var testDescription: String { name }
  }

  private static let secondVersion = "29 23 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
  private static let firstVersion = """
    31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
    32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory

    """
  private static let cpu = "sys/fs/cgroup/cpu,cpuacct"

  static let systems = [
    System(name: "none", files: [:], cores: nil),
    System(
      name: "version 2 at the root, as in a container",
      files: ["sys/fs/cgroup/cpu.max": "150000 100000\n", "proc/self/cgroup": "0::/\n"], cores: 1.5),
    System(
      name: "version 2 without a limit", files: ["sys/fs/cgroup/cpu.max": "max 100000\n"],
      cores: nil),
    System(
      name: "version 2, the smallest on the way up",
      files: [
        "proc/self/mountinfo": secondVersion, "proc/self/cgroup": "0::/slurm/job_7/step_0\n",
        "sys/fs/cgroup/slurm/job_7/step_0/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/slurm/job_7/cpu.max": "200000 100000\n",
        "sys/fs/cgroup/slurm/cpu.max": "max 100000\n",
        "sys/fs/cgroup/slurm/memory.max": "1000000\n",
        "sys/fs/cgroup/slurm/job_7/memory.max": "max\n",
      ], cores: 2, memoryBytes: 1_000_000),
    System(
      name: "version 1, one core",
      files: [
        "proc/self/mountinfo": firstVersion,
        "proc/self/cgroup": "4:cpu,cpuacct:/docker/12ab\n3:memory:/docker/12ab\n1:name=systemd:/\n",
        "\(cpu)/docker/12ab/cpu.cfs_quota_us": "100000\n",
        "\(cpu)/docker/12ab/cpu.cfs_period_us": "100000\n",
        "\(cpu)/cpu.cfs_quota_us": "-1\n", "\(cpu)/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/docker/12ab/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "5000000\n",
      ], cores: 1, memoryBytes: 5_000_000),
    System(
      name: "version 1, mounted at the container's own group",
      files: [
        "proc/self/mountinfo":
          "31 30 0:27 /docker/12ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
        "proc/self/cgroup": "4:cpu,cpuacct:/docker/12ab\n",
        "\(cpu)/cpu.cfs_quota_us": "50000\n", "\(cpu)/cpu.cfs_period_us": "100000\n",
      ], cores: 0.5),
    System(
      name: "files that are no numbers",
      files: ["sys/fs/cgroup/cpu.max": "100000 0\n", "proc/self/cgroup": "nonsense\n0::/\n"],
      cores: nil),
  ]

  @Test("the smallest limit on the way up to the root counts", arguments: systems)
  func limits(system: System) throws {
    let root = try TemporaryDirectory()
    for (path, text) in system.files { try root.write(text.utf8, to: path) }
    let found = ControlGroup(systemAt: root.path + "/")
    #expect(found.cores == system.cores)
    #expect(found.memoryBytes == system.memoryBytes)
  }
}
