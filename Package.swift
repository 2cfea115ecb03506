// swift-tools-version: 6.1

import PackageDescription

/// Debian's neutral name stands for whichever MPI is the system's default; MPICH: MPI_PKG_CONFIG=mpich.
let mpi = Context.environment["MPI_PKG_CONFIG"] ?? "mpi"

/// Imports go downwards only; the order of the targets below is the order of the levels.
let package = Package(
  name: "lcnn-dist",
  products: [
    .executable(name: "lcnn-dist", targets: ["lcnn-dist"]),
    // For tests: preloaded into programs, so a library of its own.
    .library(name: "TileEmulator", type: .dynamic, targets: ["CTileEmulator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // System libraries and C.
    .systemLibrary(name: "MPILibrary", pkgConfig: mpi),
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
    .target(name: "CMPI", dependencies: ["MPILibrary"]),
    .target(name: "CMemoryFile"),
    .target(name: "CKernels"),
    .target(name: "CEmbedded", exclude: ["digits.csv.gz"]),

    // Foundations: no arithmetic.
    .target(name: "Preconditions"),
    .target(name: "Tensors", dependencies: ["Preconditions"]),
    .target(name: "RandomNumbers", dependencies: ["Preconditions"]),
    .target(name: "Digests", dependencies: ["Preconditions", "CCrypto"]),
    .target(name: "EmbeddedFiles", dependencies: ["Preconditions", "CEmbedded"]),

    // One concern each.
    .target(name: "Kernels", dependencies: ["Preconditions", "Tensors", "CKernels", "CBLAS"]),
    .target(name: "MessagePassing", dependencies: ["Preconditions", "CMPI", "CMemoryFile"]),
    .target(
      name: "Datasets",
      dependencies: ["Preconditions", "RandomNumbers", "Digests", "EmbeddedFiles", "CZlib"]),
    .target(name: "Checkpoints", dependencies: ["Preconditions", "Digests"]),

    // The engine.
    .target(
      name: "Layers", dependencies: ["Tensors", "Kernels", "MessagePassing", "RandomNumbers"]),
    .target(name: "Networks", dependencies: ["Layers", "Checkpoints", "RandomNumbers"]),
    .target(name: "Curvature", dependencies: ["Networks", "RandomNumbers"]),
    .target(name: "Robustness", dependencies: ["Networks", "Curvature", "RandomNumbers"]),

    // The trainer.
    .target(
      name: "Training",
      dependencies: [
        "Networks", "Curvature", "Robustness", "Datasets", "Checkpoints", "Digests",
        "MessagePassing", "EmbeddedFiles",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(name: "Benchmarks", dependencies: ["Training"]),
    .target(name: "Reporting", dependencies: ["Training", "Benchmarks"]),
    .executableTarget(
      name: "lcnn-dist",
      dependencies: [
        "Training", "Benchmarks", "Reporting", "EmbeddedFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Tests.
    .target(name: "CAllocationCounter"),
    .target(name: "CForcedVectorUnits", dependencies: ["CKernels"]),
    .target(name: "CTileEmulator"),
    .executableTarget(
      name: "tile-emulator-check", path: "Tests/TileEmulatorCheck",
      linkerSettings: [.linkedLibrary("m")]),
    .target(name: "TestSupport", dependencies: ["Training", "CBLAS", "CAllocationCounter"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(name: "RandomNumbersTests", dependencies: ["RandomNumbers"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "CForcedVectorUnits"]),
    .testTarget(name: "MessagePassingTests", dependencies: ["MessagePassing"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "EmbeddedFiles"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers", "TestSupport"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "TestSupport"]),
    .testTarget(name: "CurvatureTests", dependencies: ["Curvature", "TestSupport"]),
    .testTarget(name: "RobustnessTests", dependencies: ["Robustness", "TestSupport"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "EmbeddedFiles", "TestSupport"]),
    .testTarget(name: "BenchmarksTests", dependencies: ["Benchmarks", "TestSupport"]),
    .testTarget(name: "ReferenceTests", dependencies: ["Training", "TestSupport"]),
    .testTarget(name: "ParallelTests", dependencies: ["Training", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
