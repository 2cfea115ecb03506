import Foundation

/// Where test data that is not part of the package lies: LCNN_SHARED, else beside the package.
let sharedDirectory =
  ProcessInfo.processInfo.environment["LCNN_SHARED"]
  ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appending(path: "../../../shared").standardized.path(percentEncoded: false)
