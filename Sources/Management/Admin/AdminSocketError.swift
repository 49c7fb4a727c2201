/// Why the admin socket cannot be opened, as one line that says what to do.
public struct AdminSocketError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
