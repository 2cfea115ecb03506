// swift-tools-version: 6.1

import PackageDescription

/// Debian's neutral name stands for whichever MPI is the system's default; MPICH: MPI_PKG_CONFIG=mpich.
let mpi = Context.environment["MPI_PKG_CONFIG"] ?? "mpi"

/// Targets lie in wings, folders of `Sources`, in this order: a target imports only from its own wing and from
/// wings above it in this list. ArchitectureTests hold the imports to it.
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
    // System: the system's libraries, as modules.
    .systemLibrary(name: "MPILibrary", path: "Sources/System/MPILibrary", pkgConfig: mpi),
    .systemLibrary(name: "CBLAS", path: "Sources/System/CBLAS", pkgConfig: "openblas"),
    .systemLibrary(name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CCrypto", path: "Sources/System/CCrypto", pkgConfig: "libcrypto"),

    // Base: modules that know nothing of networks.
    .target(name: "Preconditions", path: "Sources/Base/Preconditions"),
    .target(
      name: "Digests", dependencies: ["Preconditions", "CCrypto"], path: "Sources/Base/Digests"),
    .target(
      name: "RandomNumbers", dependencies: ["Preconditions"], path: "Sources/Base/RandomNumbers"),
    .target(
      name: "CEmbedded", path: "Sources/Base/CEmbedded", exclude: ["digits.csv.gz", "recipes"]),
    .target(
      name: "EmbeddedFiles", dependencies: ["CEmbedded"], path: "Sources/Base/EmbeddedFiles"),

    // Distributed: ranks, and the messages between them.
    .target(name: "CMPI", dependencies: ["MPILibrary"], path: "Sources/Distributed/CMPI"),
    .target(name: "CMemoryFile", path: "Sources/Distributed/CMemoryFile"),
    .target(
      name: "MessagePassing", dependencies: ["Preconditions", "CMPI", "CMemoryFile"],
      path: "Sources/Distributed/MessagePassing"),

    // Data: files that a run reads and writes.
    .target(
      name: "Datasets",
      dependencies: ["Preconditions", "RandomNumbers", "Digests", "EmbeddedFiles", "CZlib"],
      path: "Sources/Data/Datasets"),
    .target(
      name: "Checkpoints", dependencies: ["Preconditions", "Digests"],
      path: "Sources/Data/Checkpoints"),

    // Engine: a network, its memory and its four passes.
    .target(name: "CKernels", path: "Sources/Engine/CKernels"),
    .target(name: "Tensors", dependencies: ["Preconditions"], path: "Sources/Engine/Tensors"),
    .target(
      name: "Kernels", dependencies: ["Preconditions", "Tensors", "CKernels", "CBLAS"],
      path: "Sources/Engine/Kernels"),
    .target(
      name: "Layers", dependencies: ["Preconditions", "MessagePassing", "Tensors", "Kernels"],
      path: "Sources/Engine/Layers"),
    .target(
      name: "Networks",
      dependencies: [
        "Preconditions", "RandomNumbers", "MessagePassing", "Checkpoints", "Tensors", "Kernels",
        "Layers",
      ],
      path: "Sources/Engine/Networks"),

    // Analysis: measurements of a trained network.
    .target(
      name: "Curvature",
      dependencies: ["Preconditions", "RandomNumbers", "Tensors", "Kernels", "Layers", "Networks"],
      path: "Sources/Analysis/Curvature"),
    .target(
      name: "Robustness",
      dependencies: [
        "Preconditions", "RandomNumbers", "Tensors", "Kernels", "Layers", "Networks", "Curvature",
      ],
      path: "Sources/Analysis/Robustness"),

    // Training: the step and the run.
    .target(
      name: "Training",
      dependencies: [
        "Preconditions", "Digests", "EmbeddedFiles", "MessagePassing", "Datasets", "Checkpoints",
        "Tensors", "Kernels", "Layers", "Networks", "Curvature", "Robustness",
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/Training"),

    // Program: commands, tables and benchmarks.
    .target(
      name: "Benchmarks",
      dependencies: [
        "Preconditions", "RandomNumbers", "MessagePassing", "Datasets", "Tensors", "Kernels",
        "Layers", "Networks", "Training",
      ],
      path: "Sources/Program/Benchmarks"),
    .target(
      name: "Reporting",
      dependencies: ["Datasets", "Curvature", "Robustness", "Training", "Benchmarks"],
      path: "Sources/Program/Reporting"),
    .executableTarget(
      name: "lcnn-dist",
      dependencies: [
        "Preconditions", "EmbeddedFiles", "MessagePassing", "Datasets", "Checkpoints", "Kernels",
        "Networks", "Curvature", "Robustness", "Training", "Benchmarks", "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/Program/lcnn-dist"),

    // Support of tests.
    .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),
    .target(
      name: "CForcedVectorUnits", dependencies: ["CKernels"],
      path: "Tests/Support/CForcedVectorUnits"),
    .target(name: "CTileEmulator", path: "Tests/Support/CTileEmulator"),
    .executableTarget(
      name: "tile-emulator-check", path: "Tests/Support/TileEmulatorCheck",
      linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "TestSupport",
      dependencies: [
        "Preconditions", "RandomNumbers", "MessagePassing", "Datasets", "Checkpoints", "Tensors",
        "Kernels", "Layers", "Networks", "Training", "CBLAS", "CAllocationCounter",
      ],
      path: "Tests/Support/TestSupport"),

    // Tests.
    .testTarget(name: "RandomNumbersTests", dependencies: ["RandomNumbers"]),
    .testTarget(name: "MessagePassingTests", dependencies: ["MessagePassing"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "EmbeddedFiles"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(
      name: "KernelsTests", dependencies: ["Tensors", "CKernels", "Kernels", "CForcedVectorUnits"]),
    .testTarget(
      name: "LayersTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Tensors", "Kernels", "Layers", "TestSupport",
      ]),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Checkpoints", "Tensors", "Layers", "Networks",
        "TestSupport",
      ]),
    .testTarget(
      name: "CurvatureTests",
      dependencies: [
        "MessagePassing", "Datasets", "Tensors", "Networks", "Curvature", "TestSupport",
      ]),
    .testTarget(
      name: "RobustnessTests",
      dependencies: [
        "RandomNumbers", "MessagePassing", "Tensors", "Kernels", "Layers", "Networks", "Curvature",
        "Robustness", "Training", "TestSupport",
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "RandomNumbers", "EmbeddedFiles", "MessagePassing", "Datasets", "Checkpoints", "Tensors",
        "Kernels", "Layers", "Networks", "Robustness", "Training", "TestSupport",
      ]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: [
        "MessagePassing", "Kernels", "Networks", "Training", "Benchmarks", "TestSupport",
      ]),
    .testTarget(
      name: "ReferenceTests",
      dependencies: [
        "MessagePassing", "Datasets", "Checkpoints", "Tensors", "Layers", "Networks", "Curvature",
        "Training", "TestSupport",
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["EmbeddedFiles", "Checkpoints", "Kernels", "Training", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
