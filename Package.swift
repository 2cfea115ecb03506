// swift-tools-version: 6.2

import PackageDescription

/// Debian's neutral name stands for whichever MPI is the system's default; MPICH: MPI_PKG_CONFIG=mpich.
let mpi = Context.environment["MPI_PKG_CONFIG"] ?? "mpi"

/// Targets lie in wings, folders of `Sources`, in the order of the imports.
///
/// A target imports only from its own wing and from wings above it in this list; a test holds it to that.
let package = Package(
  name: "lcnn-dist",
  products: [
    .executable(name: "lcnn-dist", targets: ["lcnn-dist"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // System: the system's libraries, as modules.
    .systemLibrary(name: "MPILibrary", path: "Sources/System/MPILibrary", pkgConfig: mpi),
    .systemLibrary(name: "CBLAS", path: "Sources/System/CBLAS", pkgConfig: "openblas"),
    .systemLibrary(name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CCrypto", path: "Sources/System/CCrypto", pkgConfig: "libcrypto"),

    // Base: modules that know nothing of networks.
    .target(name: "Failures", path: "Sources/Base/Failures"),
    .target(name: "Files", dependencies: ["Failures"], path: "Sources/Base/Files"),
    .target(name: "Environment", path: "Sources/Base/Environment"),
    .target(name: "CCrashReport", path: "Sources/Base/CCrashReport"),
    .target(
      name: "CrashReports", dependencies: ["CCrashReport", "Files"],
      path: "Sources/Base/CrashReports"),
    .target(
      name: "Threading", dependencies: ["Failures", "CrashReports"], path: "Sources/Base/Threading"),
    .target(name: "Digests", dependencies: ["CCrypto", "Failures"], path: "Sources/Base/Digests"),
    .target(name: "RandomNumbers", dependencies: ["Failures"], path: "Sources/Base/RandomNumbers"),
    .target(
      name: "CEmbedded", path: "Sources/Base/CEmbedded", exclude: ["digits.csv.gz", "recipes"]),
    .target(name: "EmbeddedFiles", dependencies: ["CEmbedded"], path: "Sources/Base/EmbeddedFiles"),

    // Distributed: ranks, and the messages between them.
    .target(name: "CMPI", dependencies: ["MPILibrary"], path: "Sources/Distributed/CMPI"),
    .target(name: "CMemoryFile", path: "Sources/Distributed/CMemoryFile"),
    .target(
      name: "MessagePassing",
      dependencies: [
        "Failures", "Files", "Environment", "CrashReports", "Threading", "CMPI", "CMemoryFile",
      ],
      path: "Sources/Distributed/MessagePassing"),

    // Data: files that a run reads and writes.
    .target(
      name: "Datasets",
      dependencies: [
        "CZlib", "Failures", "Files", "Threading", "Digests", "RandomNumbers", "EmbeddedFiles",
      ],
      path: "Sources/Data/Datasets"),
    .target(
      name: "Recipes",
      dependencies: [
        "Failures", "EmbeddedFiles", "Datasets", .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/Data/Recipes"),
    .target(
      name: "Checkpoints",
      dependencies: ["Failures", "Files", "Digests"],
      path: "Sources/Data/Checkpoints"),

    .target(name: "Images", dependencies: ["CZlib", "Failures"], path: "Sources/Data/Images"),
    .target(
      name: "EventFiles", dependencies: ["Files", "Images"], path: "Sources/Data/EventFiles"),

    // Engine: a network, its memory and its four passes.
    .target(name: "CKernels", path: "Sources/Engine/CKernels"),
    .target(name: "Tensors", dependencies: ["Failures"], path: "Sources/Engine/Tensors"),
    .target(
      name: "Kernels",
      dependencies: ["CBLAS", "Failures", "Environment", "CKernels", "Tensors"],
      path: "Sources/Engine/Kernels"),
    .target(
      name: "Layers",
      dependencies: ["Failures", "MessagePassing", "Tensors", "Kernels"],
      path: "Sources/Engine/Layers"),
    .target(
      name: "Networks",
      dependencies: [
        "Failures", "RandomNumbers", "MessagePassing", "Checkpoints", "Tensors", "Kernels",
        "Layers",
      ],
      path: "Sources/Engine/Networks"),

    // Analysis: measurements of a trained network.
    .target(
      name: "Curvature",
      dependencies: ["Failures", "RandomNumbers", "Tensors", "Kernels", "Layers", "Networks"],
      path: "Sources/Analysis/Curvature"),
    .target(
      name: "Robustness",
      dependencies: [
        "Failures", "RandomNumbers", "Tensors", "Kernels", "Layers", "Networks", "Curvature",
      ],
      path: "Sources/Analysis/Robustness"),
    .target(
      name: "Surveys",
      dependencies: [
        "Failures", "Files", "Digests", "MessagePassing", "Datasets", "Checkpoints", "Tensors",
        "Kernels", "Layers", "Networks", "Curvature", "Robustness",
      ],
      path: "Sources/Analysis/Surveys"),

    // Training: the step and the run.
    .target(
      name: "Training",
      dependencies: [
        "Failures", "Files", "Environment", "CrashReports", "Threading", "Digests",
        "MessagePassing", "Recipes", "Datasets", "Checkpoints", "EventFiles", "Tensors", "Kernels",
        "Layers", "Networks", "Curvature", "Robustness", "Surveys",
      ],
      path: "Sources/Training"),

    // Program: commands, tables and benchmarks.
    .target(
      name: "Benchmarks",
      dependencies: [
        "Failures", "RandomNumbers", "MessagePassing", "Recipes", "Datasets", "Checkpoints",
        "EventFiles", "Tensors", "Kernels", "Layers", "Networks", "Training",
      ],
      path: "Sources/Program/Benchmarks"),
    .target(name: "Plots", path: "Sources/Program/Plots"),
    .target(
      name: "Doctor",
      dependencies: ["Files", "Digests", "MessagePassing", "Tensors", "Kernels"],
      path: "Sources/Program/Doctor"),
    .target(
      name: "Reporting",
      dependencies: [
        "Failures", "Environment", "Files", "Recipes", "Datasets", "Checkpoints", "Images",
        "EventFiles", "Kernels", "Networks", "Curvature", "Robustness", "Surveys", "Training",
        "Benchmarks", "Plots",
      ],
      path: "Sources/Program/Reporting"),
    .plugin(
      name: "SourceCommit", capability: .buildTool(), path: "Sources/Program/SourceCommit",
      exclude: ["archived-commit"]),
    .executableTarget(
      name: "lcnn-dist",
      dependencies: [
        "Failures", "Files", "Environment", "CrashReports", "EmbeddedFiles", "MessagePassing",
        "Recipes",
        "Datasets", "Checkpoints", "Kernels", "Networks", "Curvature", "Robustness", "Surveys",
        "EventFiles", "Training", "Benchmarks", "Doctor", "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/Program/lcnn-dist", plugins: ["SourceCommit"]),

    // Support of tests.
    .target(
      name: "InProcessRanks", dependencies: ["Failures", "MessagePassing"],
      path: "Tests/Support/InProcessRanks"),
    .target(
      name: "TestFiles", dependencies: ["Environment"], path: "Tests/Support/TestFiles"),
    .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),
    .target(
      name: "CForcedVectorUnits",
      dependencies: ["CKernels"],
      path: "Tests/Support/CForcedVectorUnits"),
    .target(name: "CPlainTiles", dependencies: ["CKernels"], path: "Tests/Support/CPlainTiles"),
    .systemLibrary(name: "CLAPACK", path: "Tests/Support/CLAPACK", pkgConfig: "openblas"),
    .target(
      name: "TestSupport",
      dependencies: [
        "Failures", "RandomNumbers", "MessagePassing", "Datasets", "Tensors", "Kernels",
        "Layers", "Networks", "CAllocationCounter", "CLAPACK",
      ],
      path: "Tests/Support/TestSupport"),
    .target(
      name: "ReferenceCases",
      dependencies: ["Environment", "Checkpoints", "Networks"],
      path: "Tests/Support/ReferenceCases"),

    // Tests.
    .testTarget(name: "PackageTests", dependencies: ["TestFiles"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestFiles"]),
    .testTarget(name: "CrashReportsTests", dependencies: ["CrashReports", "Threading"]),
    .testTarget(name: "ThreadingTests", dependencies: ["Failures", "Threading"]),
    .testTarget(name: "EmbeddedFilesTests", dependencies: ["EmbeddedFiles"]),
    .testTarget(name: "RandomNumbersTests", dependencies: ["RandomNumbers"]),
    .testTarget(
      name: "MessagePassingTests",
      dependencies: ["Failures", "MessagePassing", "InProcessRanks", "TestFiles"]),
    .testTarget(name: "RecipesTests", dependencies: ["EmbeddedFiles", "Recipes", "TestFiles"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Environment", "Datasets", "TestFiles"],
      exclude: ["Records"]),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Digests", "Checkpoints", "TestFiles"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images"]),
    .testTarget(name: "EventFilesTests", dependencies: ["EventFiles", "TestFiles"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(
      name: "KernelsTests",
      dependencies: ["CKernels", "Tensors", "Kernels", "CForcedVectorUnits", "CPlainTiles"]),
    .testTarget(
      name: "LayersTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Tensors", "Kernels", "Layers", "InProcessRanks",
        "TestSupport",
      ]),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Checkpoints", "Tensors", "Layers", "Networks",
        "ReferenceCases", "InProcessRanks",
        "TestSupport",
      ]),
    .testTarget(
      name: "CurvatureTests",
      dependencies: [
        "MessagePassing", "Datasets", "Tensors", "Kernels", "Networks", "Curvature", "TestSupport",
      ]),
    .testTarget(
      name: "RobustnessTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Recipes", "Tensors", "Kernels", "Layers", "Networks",
        "Curvature", "Robustness", "Surveys", "Training", "TestFiles", "TestSupport",
      ]),
    .testTarget(
      name: "SurveysTests",
      dependencies: [
        "Failures", "MessagePassing", "Datasets", "Tensors", "Networks", "Curvature", "Robustness",
        "Surveys", "Training", "TestFiles", "InProcessRanks",
        "TestSupport",
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Failures", "RandomNumbers", "EmbeddedFiles", "MessagePassing", "Recipes", "Datasets",
        "Checkpoints", "Tensors", "Kernels", "Layers", "Networks", "Training", "TestFiles",
        "InProcessRanks",
        "TestSupport",
      ]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: [
        "MessagePassing", "Recipes", "Kernels", "Networks", "Training", "Benchmarks",
        "InProcessRanks",
        "TestSupport",
      ]),
    .testTarget(name: "DoctorTests", dependencies: ["MessagePassing", "Doctor", "TestFiles"]),
    .testTarget(
      name: "DocumentationTests",
      dependencies: [
        "Failures", "Environment", "EmbeddedFiles", "Recipes", "Reporting", "lcnn-dist",
      ]
    ),
    .testTarget(name: "PlotsTests", dependencies: ["Plots"]),
    .testTarget(
      name: "ReportingTests",
      dependencies: [
        "Failures", "MessagePassing", "Recipes", "Datasets", "Checkpoints", "Images", "Robustness",
        "Surveys",
        "Training", "Reporting", "TestFiles",
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Failures", "EmbeddedFiles", "MessagePassing", "Recipes", "Datasets", "Checkpoints",
        "Tensors", "Kernels", "Networks", "Curvature", "Surveys", "Training", "Reporting",
        "TestFiles",
        "InProcessRanks", "TestSupport",
      ]),
    .testTarget(
      name: "ReferenceTests",
      dependencies: [
        "MessagePassing", "Datasets", "Checkpoints", "Tensors", "Layers", "Networks", "Curvature",
        "Training", "ReferenceCases", "TestSupport",
      ],
      exclude: ["Cases"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)

for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = [.treatAllWarnings(as: .error)]
  target.cSettings = [.enableWarning("all"), .treatAllWarnings(as: .error)]
}
