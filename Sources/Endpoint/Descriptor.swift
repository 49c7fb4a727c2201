import Glibc

/// A file descriptor that is closed with its owner.
struct Descriptor: ~Copyable {
  let number: CInt

  init(_ number: CInt) { self.number = number }

  deinit {
    if number >= 0 { close(number) }
  }
}
