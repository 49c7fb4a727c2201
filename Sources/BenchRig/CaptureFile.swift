import Glibc

/// Captures in the pcap format (draft-ietf-opsawg-pcap), for `net_pcap` to replay.
package enum CaptureFile {
  /// Writes `count` frames that `next` makes: into zeroed memory of 2,048 bytes, returning their length.
  package static func write(
    _ path: String, count: Int, next: (UnsafeMutableRawPointer) -> Int
  ) throws(BenchFailure) {
    guard let file = fopen(path, "wb") else {
      throw BenchFailure("\(path) cannot be written; set TMPDIR to a folder with room", code: 2)
    }
    let frame = UnsafeMutableRawPointer.allocate(byteCount: 2048, alignment: 64)
    defer { frame.deallocate() }
    // Magic number, version 2.4, no time zone, snap length, Ethernet.
    write([0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 65_535, 1], to: file)
    for _ in 0..<count {
      frame.initializeMemory(as: UInt8.self, repeating: 0, count: 2048)
      let length = next(frame)
      write([0, 0, UInt32(length), UInt32(length)], to: file)
      fwrite(frame, 1, length, file)
    }
    let isWhole = ferror(file) == 0
    guard fclose(file) == 0, isWhole else {
      throw BenchFailure("\(path) cannot be written whole: no room there", code: 2)
    }
  }

  private static func write(_ words: [UInt32], to file: UnsafeMutablePointer<FILE>) {
    words.withUnsafeBytes { bytes in _ = fwrite(bytes.baseAddress, 1, bytes.count, file) }
  }
}
