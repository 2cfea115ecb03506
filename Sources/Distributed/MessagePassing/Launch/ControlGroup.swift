import Files

/// The limits that the control groups of a process set, of version 1 and 2 (cgroups(7)).
///
/// A group's limit holds for all groups below it, so the smallest on the way up counts. A container
/// may see its own group as the root, or only the upper part of the way: files that are missing set
/// no limit.
public struct ControlGroup: Codable, Equatable, Sendable {
  /// Number of cores whose time the groups grant; nil without a limit.
  public let cores: Double?
  /// Bytes of memory that the groups grant; nil without a limit.
  public let memoryBytes: Int?

  /// The limits that the system files below `root` describe.
  package init(systemAt root: String) {
    func text(_ path: String) -> String? { SystemFile.text(root + path) }
    func numbers(_ path: String) -> [Double] {
      (text(path) ?? "").split(whereSeparator: \.isWhitespace).map { Double($0) ?? .infinity }
    }
    let mounts = Self.mounts(text("proc/self/mountinfo") ?? "")
    var cores: [Double] = []
    var memory: [Double] = []
    // For example "0::/user.slice" (version 2) or "4:cpu,cpuacct:/docker/12ab" (version 1).
    for line in (text("proc/self/cgroup") ?? "0::/").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",").map(String.init)
      for folder in Self.way(up: String(fields[2]), controllers, mounts) {
        if controllers.isEmpty {
          let limit = numbers("\(folder)/cpu.max")
          if limit.count == 2, limit[1] > 0 { cores.append(limit[0] / limit[1]) }
          memory += numbers("\(folder)/memory.max")
        }
        if controllers.contains("cpu") {
          // The quota is −1 without a limit.
          let limit = ["quota", "period"].flatMap { numbers("\(folder)/cpu.cfs_\($0)_us") }
          if limit.count == 2, limit[0] > 0, limit[1] > 0 { cores.append(limit[0] / limit[1]) }
        }
        if controllers.contains("memory") { memory += numbers("\(folder)/memory.limit_in_bytes") }
      }
    }
    self.cores = cores.filter(\.isFinite).min()
    // Version 1 writes a number near 2⁶³ where there is no limit.
    memoryBytes = memory.filter { $0 < 0x1p60 }.min().map { Int($0) }
  }

  /// A place where a hierarchy of groups is mounted.
  private struct Mount {
    /// Names of controllers; none for version 2.
    let controllers: [String]
    /// The group that is seen at `point`.
    let group: String
    let point: String
  }

  /// Lines such as `30 24 0:26 /docker/12ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct`.
  private static func mounts(_ text: String) -> [Mount] {
    let found = text.split(separator: "\n").compactMap { line -> Mount? in
      let fields = line.split(separator: " ").map(String.init)
      guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 3 else {
        return nil
      }
      switch fields[dash + 1] {
      case "cgroup2": return Mount(controllers: [], group: fields[3], point: fields[4])
      case "cgroup":
        let controllers = fields[dash + 3].split(separator: ",").map(String.init)
        return Mount(controllers: controllers, group: fields[3], point: fields[4])
      default: return nil
      }
    }
    return found.isEmpty ? [Mount(controllers: [], group: "/", point: "/sys/fs/cgroup")] : found
  }

  /// The folders of a group and of those above it, without a slash at the beginning.
  private static func way(up group: String, _ controllers: [String], _ mounts: [Mount]) -> [String]
  {
    let mount = mounts.first { mount in
      controllers.isEmpty
        ? mount.controllers.isEmpty : controllers.contains { mount.controllers.contains($0) }
    }
    guard let mount else { return [] }
    var below = group.split(separator: "/")
    let top = mount.group.split(separator: "/")
    // In a container the mount may begin at the group itself.
    below = below.starts(with: top) ? Array(below.dropFirst(top.count)) : below
    return (0...below.count).map { depth in
      ([String(mount.point.dropFirst())] + below.prefix(depth).map(String.init)).joined(
        separator: "/")
    }
  }
}
