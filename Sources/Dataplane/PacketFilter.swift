import CDPDKShim

/// A pcap-filter(7) expression, compiled by libpcap.
final class PacketFilter {
  /// What `shim_filter_matches` takes.
  let program: OpaquePointer

  /// - Throws: `ApplianceError` with libpcap's words when it is no such expression
  init(_ expression: String) throws(ApplianceError) {
    var error = [CChar](repeating: 0, count: 256)
    guard let program = shim_filter_compile(expression, &error, error.count) else {
      let text = String(
        decoding: error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw ApplianceError("filter: \(text); expected a pcap-filter(7) expression")
    }
    self.program = program
  }

  /// Nobody may use the program any more.
  deinit { shim_filter_free(program) }
}
