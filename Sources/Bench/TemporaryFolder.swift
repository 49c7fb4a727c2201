import BenchRig
import Foundation

/// A folder that is removed, with all in it, when it is let go, or the process interrupted.
final class TemporaryFolder {
  let path: String

  init() throws(BenchFailure) {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("tagline-bench-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    } catch {
      throw BenchFailure(
        "\(url.path) cannot be made: \(error.localizedDescription); set TMPDIR", code: 2)
    }
    path = url.path
    Interruption.hold(folder: path)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    Interruption.forget(folder: path)
  }
}
