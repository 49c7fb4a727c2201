import Foundation
import Synchronization

/// What SIGINT and SIGTERM end and remove before they end this process: the programs that it has
/// started, and its temporary folders.
public enum Interruption {
  private struct Held {
    var programs: Set<Int32> = []
    var folders: Set<String> = []
  }

  private static let held = Mutex(Held())
  /// For what a signal's handler may do: write to a pipe (signal-safety(7)).
  private static let signals = Pipe()
  private static let entrance = signals.fileHandleForWriting.fileDescriptor

  /// From now on; once.
  public static func watch() {
    // The first use of either is not to be the handler's.
    let exit = signals.fileHandleForReading
    guard entrance >= 0 else { return }
    Thread.detachNewThread {
      if let number = exit.readData(ofLength: 1).first { end(Int32(number)) }
    }
    // With a handler, unlike where they are ignored, programs that are started have the default again.
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(Interruption.entrance, &byte, 1)
      }
    }
  }

  /// Starts a program.
  ///
  /// - Parameter start: returns its process number
  static func start(_ start: () throws -> Int32) throws {
    try held.withLock { _ = $0.programs.insert(try start()) }
  }

  /// It has ended.
  static func forget(program: Int32) { held.withLock { _ = $0.programs.remove(program) } }

  static func hold(folder: String) { held.withLock { _ = $0.folders.insert(folder) } }
  static func forget(folder: String) { held.withLock { _ = $0.folders.remove(folder) } }

  private static func end(_ signal: Int32) {
    // For good: nothing is started any more.
    held.withLock { held in
      for program in held.programs { kill(program, SIGTERM) }
      let start = ContinuousClock.now
      // Foundation takes note of their ends.
      while held.programs.contains(where: { kill($0, 0) == 0 }) {
        if ContinuousClock.now - start > .seconds(5) {
          for program in held.programs { kill(program, SIGKILL) }
          break
        }
        usleep(1000)
      }
      for folder in held.folders { try? FileManager.default.removeItem(atPath: folder) }
      _exit(128 + signal)
    }
  }
}
