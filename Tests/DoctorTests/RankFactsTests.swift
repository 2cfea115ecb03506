import Doctor
import Foundation
import TestFiles
import Testing

/// A folder with the files of a system.
final class SystemFiles {
  private let directory: TemporaryDirectory
  var path: String { directory.path }

  init(_ files: [String: String]) throws {
    directory = try TemporaryDirectory()
    for (path, text) in files { try directory.write(text.utf8, to: path) }
  }
}

@Suite struct RankFactsTests {
  private func facts(
    _ files: [String: String], environment: [String: String] = [:]
  ) throws -> RankFacts {
    let root = try SystemFiles(files)
    return RankFacts(
      Machine(root: root.path, environment: environment), rank: 1, host: "a", library: "",
      builtWith: "", allowsThreads: true, version: "", threads: 1)
  }

  @Test("facts are read from the system's files")
  func reading() throws {
    let found = try facts([
      "proc/self/status": "Name:\tx\nUid:\t1000\t0\t0\t0\nCpus_allowed_list:\t0-1\n",
      "proc/self/limits": """
      Limit                     Soft Limit           Hard Limit           Units
      Max processes             31382                31382                processes
      Max open files            1024                 524288               files
      Max address space         unlimited            unlimited            bytes
      """,
      "proc/meminfo": "MemTotal: 2000 kB\nMemAvailable:  1000 kB\n",
      "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n",
      "proc/sys/kernel/yama/ptrace_scope": "1\n",
      "sys/class/net/eth0/operstate": "up\n", "sys/class/net/docker0/operstate": "down\n",
      "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    ])
    #expect(found.isRoot && found.cores.cores == [0, 1])
    #expect(found.openFiles == 1024 && found.processes == 31382 && found.addressSpace == nil)
    #expect(found.availableMemory == 1_024_000)
    #expect(found.hugePages == "never" && found.ptraceScope == 1)
    #expect(found.interfaces == ["eth0"] && found.governor == "powersave")
  }

  @Test("only variables of launchers and libraries are kept")
  func environment() throws {
    let found = try facts([:], environment: ["OMPI_X": "1", "HOME": "/root", "SLURM_NTASKS": "2"])
    #expect(found.environment == ["OMPI_X": "1", "SLURM_NTASKS": "2"])
  }

  @Test("a segment is stale if no process has mapped it")
  func staleSegments() throws {
    let root = try SystemFiles([
      "dev/shm/vader_segment.a": "", "dev/shm/vader_segment.b": "", "dev/shm/other": "",
      "proc/17/maps": "7f00-7f01 rw-s 0 0:1 5   /dev/shm/vader_segment.b\n",
    ])
    var found = RankFacts()
    found.readSlowFacts(of: Machine(root: root.path, environment: [:]))
    #expect(found.staleSegments == ["vader_segment.a"])
  }

  @Test("a run's directory that does not exist yet is judged by the folder that does")
  func runDirectory() throws {
    let directory = try TemporaryDirectory()
    let found = RunDirectoryFacts("\(directory.path)/runs/a", measures: true)
    #expect(found.path == directory.path && found.isWritable && found.canLock)
    #expect((found.writeBytesPerSecond ?? 0) > 0)
    #expect(try directory.snapshot().isEmpty, "files are left")
  }
}
