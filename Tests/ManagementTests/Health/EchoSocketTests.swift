import Glibc
import NIOEmbedded
import Testing

@testable import Management

@Suite struct EchoSocketTests {
  /// Without a second descriptor it is this machine's fault, not the server's, and the first is
  /// given back. By inode, since another thread may be given its number at once.
  @Test(.enabled(if: Machine.mayEcho)) func needsTwoDescriptors() throws {
    var first: (number: CInt, inode: ino_t?)?
    #expect(throws: EchoSocket.Failure.self) {
      try EchoSocket(.ipv4, on: EmbeddedEventLoop()) { descriptor in
        first = (descriptor, inode(of: descriptor))
        errno = EMFILE
        return -1
      }
    }
    let (number, before) = try #require(first)
    #expect(before != nil)
    #expect(inode(of: number) != before)
  }

  private func inode(of descriptor: CInt) -> ino_t? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? status.st_ino : nil
  }
}
