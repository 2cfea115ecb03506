import Curvature
import Plots

extension ReportSection {
  /// The loss around a few images, their input gradients and adversarial perturbations.
  static func landscape(_ runs: [RunRecord]) -> ReportSection {
    let measured = runs.enumerated().compactMap { index, run in
      run.landscape.flatMap { file in
        Landscape(file).map { (index: index, label: run.label, landscape: $0) }
      }
    }
    let colors = (0..<shownPlanes).map { place in
      range(measured.flatMap { $0.landscape.changes(ofImage: place) })
    }
    return ReportSection(
      title: "Around an image",
      text: """
        The input gradient ∇f is the direction in which the loss of an image grows fastest. Along \
        it the loss of a network of low curvature is nearly a straight line, so its bands of color \
        on the plane of it and a random direction u are straight and even. The colors of one image \
        are the same in all runs.
        """,
      plots: measured.flatMap { run in planes(run.landscape, run.label, colors) }
        + [alongGradient(measured)] + measured.map { images($0.landscape, $0.label) },
      tables: [errors(measured)])
  }

  private typealias Measured = [(index: Int, label: String, landscape: Landscape)]

  /// Number of images whose planes are drawn: a row of the page.
  private static let shownPlanes = 3

  private static func range(_ values: [Double]) -> ClosedRange<Double>? {
    guard let least = values.min(), let largest = values.max() else { return nil }
    return least...largest
  }

  /// The middle row of the planes, as the mean over the images.
  private static func alongGradient(_ runs: Measured) -> Plot {
    let lines = runs.map { run in
      let images = run.landscape.images.indices.map { place in
        run.landscape.middleRow(ofImage: place)
      }
      return Line(
        run.label, .run(run.index),
        run.landscape.offsets.enumerated().map { column, offset in
          let changes = images.map { $0[column] }
          return Line.Point(
            offset, changes.reduce(0, +) / Double(changes.count), interval: range(changes))
        })
    }
    return Plot(
      "Loss along the gradient", x: Axis("distance along ∇f", unit: "L2"),
      y: Axis(change(runs), unit: unit(runs)),
      note: "Mean over the images; the band reaches from the smallest to the largest change.",
      .lines(lines))
  }

  private static func planes(
    _ landscape: Landscape, _ label: String, _ colors: [ClosedRange<Double>?]
  ) -> [Plot] {
    landscape.images.indices.prefix(shownPlanes).map { place in
      let changes = landscape.changes(ofImage: place)
      let points = landscape.offsets.count
      return Plot(
        "Around test image \(landscape.images[place].index), \(label)",
        x: Axis("distance along ∇f", unit: "L2"), y: Axis("distance along u", unit: "L2"),
        .cells(
          HeatMap(
            Axis("change of \(landscape.symbol)"), columns: landscape.offsets,
            rows: landscape.offsets,
            values: (0..<points).map { Array(changes[$0 * points..<($0 + 1) * points]) },
            colors: colors[place])))
    }
  }

  private static func images(_ landscape: Landscape, _ label: String) -> Plot {
    let rows = landscape.images.map { image -> (name: String, cells: [ImageGrid.Cell?]) in
      let words = [
        "test image \(image.index), class \(image.label), answer \(image.prediction)",
        "∇f of image \(image.index): ‖∇f‖ \(TextTable.number(image.gradientNorm)), "
          + "black or white is \(TextTable.number(image.largestGradient))",
        "perturbation of image \(image.index): length \(TextTable.number(image.distance)), answer "
          + "\(image.adversarialPrediction), black or white is "
          + TextTable.number(image.largestPerturbation),
      ]
      let cells = zip([image.image, image.gradient, image.perturbation], words)
        .map { ImageGrid.Cell(png: $0, words: $1) }
      let answers =
        image.prediction == image.adversarialPrediction
        ? "\(image.prediction)" : "\(image.prediction) → \(image.adversarialPrediction)"
      return ("\(image.index): \(answers)", cells)
    }
    let settings = landscape.settings
    let norm = settings.norm == "linf" ? "L∞" : settings.norm.uppercased()
    return Plot(
      "Images, \(label)",
      x: Axis("pixels in [0, 1]", .categories(["image", "gradient", "perturbation"])),
      y: Axis("test image: answer", .categories(rows.map(\.name))),
      note:
        "The attack moves the image by at most \(TextTable.number(settings.epsilon)) in \(norm); "
        + "an arrow leads to the answer after it. Gray is zero, and each map has its own scale.",
      .images(ImageGrid(rows.map(\.cells))))
  }

  private static func errors(_ runs: Measured) -> Table {
    Table(
      caption: "Linearization error: the largest distance between the loss on the plane and its "
        + "tangent plane",
      header: ["run", "radius", "samples", "mean", "median", "max"],
      rows: runs.map { run in
        let error = run.landscape.error
        return [run.label, TextTable.number(run.landscape.settings.radius), "\(error.count)"]
          + [error.mean, error.median, error.maximum].map(TextTable.number)
      })
  }

  private static func change(_ runs: Measured) -> String {
    "change of \(runs.first?.landscape.symbol ?? "f")"
  }

  private static func unit(_ runs: Measured) -> String? {
    runs.first?.landscape.symbol == "loss" ? "nats" : nil
  }
}

/// The test images of a `landscape.json` whose planes are whole.
private struct Landscape {
  let settings: LandscapeReport.Settings
  let images: [SampleImages]
  let error: SampleStatistics
  /// Distances along each direction.
  let offsets: [Double]
  /// Name of f.
  let symbol: String

  /// Nil if the file has no test images.
  init?(_ file: LandscapeFile) {
    guard let test = file.splits["test"], file.settings.points > 1 else { return nil }
    settings = file.settings
    error = test.linearizationError
    offsets = LossPlane.offsets(radius: settings.radius, points: settings.points)
    symbol = file.function
    let count = offsets.count * offsets.count
    images = test.images.filter { $0.values.count == count }
    if images.isEmpty { return nil }
  }

  /// f − f(x) on the plane of an image; empty without it.
  func changes(ofImage place: Int) -> [Double] {
    guard images.indices.contains(place) else { return [] }
    return images[place].values.map { $0 - images[place].value }
  }

  /// f − f(x) along the gradient.
  func middleRow(ofImage place: Int) -> [Double] {
    let middle = offsets.count / 2
    return Array(changes(ofImage: place)[middle * offsets.count..<(middle + 1) * offsets.count])
  }
}
