import Recipes
import Training

extension RunReport {
  /// The runs: what was trained, where, and how far it came.
  var runTable: ReportSection.Table {
    ReportSection.Table(
      caption: "Runs",
      header: [
        "run", "arm", "data set", "network", "epochs", "batch", "ranks × threads", "hosts",
        "program", "kernels", "precision",
      ],
      rows: runs.map { run in
        let start = run.starts.last
        let keys = run.recipe?.jsonObject ?? [:]
        func key(_ name: String) -> String { keys[name].map { "\($0)" } ?? "–" }
        let done = run.metrics?.epochs.last?.epoch ?? 0
        let threads = start?.threads ?? []
        let equal = Set(threads).count == 1 ? threads.first : nil
        let ranks = equal.map { "\(threads.count) × \($0)" }
        return [
          run.label, run.arm, key("data-set"), key("architecture"),
          "\(done) of \(key("epochs"))", key("batch-size"),
          ranks ?? (threads.isEmpty ? "–" : "\(threads.count), \(threads.reduce(0, +)) threads"),
          start.map { Set($0.hosts).sorted().joined(separator: ", ") } ?? "–",
          start?.versions.program ?? "–", start?.vectorUnits ?? "–", start?.precision ?? "–",
        ]
      })
  }

  /// The recipe keys in which the runs differ, or all keys of a single run.
  var recipeTable: ReportSection.Table {
    let recipes = runs.map { $0.recipe?.jsonObject ?? [:] }
    let names = Recipe.keys.map(\.name).filter { name in
      runs.count == 1 || recipes.contains { $0[name] != recipes[0][name] }
    }
    return ReportSection.Table(
      caption: runs.count == 1 ? "Recipe" : "Recipe keys that differ",
      header: ["key"] + runs.map(\.label),
      rows: names.map { name in
        ["\(name)"] + recipes.map { $0[name].map { "\($0)" } ?? "–" }
      })
  }
}
