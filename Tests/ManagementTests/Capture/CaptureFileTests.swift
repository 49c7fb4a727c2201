import Foundation
import Testing

@testable import Management

/// The file of a capture: what may be there, and what comes of writes that fail.
@Suite struct CaptureFileTests {
  let directory: String
  var path: String { directory + "/p" }

  init() throws { directory = try makeTemporaryDirectory() }

  func mode() -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
  }

  func openError(_ path: String) -> String? {
    do {
      _ = try CaptureFile(path)
      return nil
    } catch {
      return error.description
    }
  }

  func write(_ file: CaptureFile, _ bytes: [UInt8]) -> String {
    let (count, failure) = file.write(bytes) { _ in true }
    return failure.map { "\(count), then \($0)" } ?? "\(count)"
  }

  @Test func aNewFileIsItsOwnersAlone() throws {
    let file = try CaptureFile(path)
    #expect(mode() == S_IFREG | 0o600)
    #expect(try file.isOpen())
    #expect(!file.isFIFO)
    #expect(file.hasReader)
    #expect(write(file, [1, 2, 3]) == "3")
    file.truncate(to: 2)
    #expect(file.close() == nil)
    #expect(FileManager.default.contents(atPath: path) == Data([1, 2]))
  }

  @Test func whatIsThereIsNotOverwritten() throws {
    #expect(FileManager.default.createFile(atPath: path, contents: Data([9])))
    #expect(openError(path)?.contains("is there already") == true)
    #expect(FileManager.default.contents(atPath: path) == Data([9]))
    #expect(openError(directory)?.contains("is there already") == true)
    #expect(openError("/dev/full")?.contains("is there already") == true)
  }

  /// Not even where they lead to a FIFO, or to nothing.
  @Test func linksAreNotFollowed() throws {
    #expect(mkfifo(directory + "/fifo", 0o600) == 0)
    #expect(symlink(directory + "/fifo", path) == 0)
    #expect(openError(path)?.contains("is there already") == true)
    #expect(unlink(path) == 0 && symlink(directory + "/none", path) == 0)
    #expect(openError(path)?.contains("is there already") == true)
    #expect(!FileManager.default.fileExists(atPath: directory + "/none"))
  }

  @Test func aDirectoryThatIsNotThere() {
    #expect(openError(directory + "/x/y")?.hasSuffix("No such file or directory") == true)
  }

  @Test func aFIFOOpensWithItsReader() throws {
    _ = signal(SIGPIPE, SIG_IGN)
    #expect(mkfifo(path, 0o600) == 0)
    let file = try CaptureFile(path)
    #expect(file.isFIFO)
    #expect(try !file.isOpen())
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    #expect(try file.isOpen())
    #expect(file.hasReader)
    #expect(write(file, [1, 2, 3]) == "3")
    file.truncate(to: 0)
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(reader, &bytes, 8) == 3)
    close(reader)
    #expect(!file.hasReader)
    #expect(write(file, [4]) == "0, then readerGone")
  }

  /// A pipe holds 64 KiB, or less where its owner has many (pipe(7)). The reader is waited for as long as there is time.
  @Test func aReaderThatTakesNothing() throws {
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let file = try CaptureFile(path)
    let started = ContinuousClock.now
    let capacity = Int(fcntl(reader, 1032))  // F_GETPIPE_SZ
    try #require(capacity > 0)
    let bytes = [UInt8](repeating: 1, count: capacity + 34_464)
    let (count, failure) = file.write(bytes) { $0 < .milliseconds(200) }
    #expect(count == capacity)
    #expect(failure == .readerStalled)
    #expect(.now - started >= .milliseconds(200))
  }
}
