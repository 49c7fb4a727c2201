/// Why a capture ended.
struct CaptureEnd: Sendable, Equatable {
  enum Cause: String, Sendable {
    /// An operator, or the end of the program.
    case stop
    case packets
    case seconds
    case bytes
    /// Nobody reads the FIFO any more.
    case reader
    case error
  }

  let cause: Cause
  /// What went wrong, in words; nil if nothing did.
  var error: String?

  init(_ cause: Cause, error: String? = nil) {
    self.cause = cause
    self.error = error
  }

  /// What a failed write means.
  init(_ failure: CaptureFile.Failure, _ path: String, instead cause: Cause) {
    switch failure {
    case .readerGone:
      self.init(.reader)
    case .readerStalled:
      self.init(cause, error: "the reader of \(path) took nothing more, and lacks the end")
    case .system(let code):
      self.init(.error, error: "\(path) cannot be written: \(CaptureFile.text(code))")
    }
  }
}
