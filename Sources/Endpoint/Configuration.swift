import Wire

/// What an endpoint is told.
public struct Configuration: Equatable, Sendable {
  public let appliances: ApplianceSet
  /// Where explicit null goes to.
  public let clientPrefixes: [AddressPrefix]

  /// The most prefixes that the kernel's table holds.
  static let prefixLimit = 1024

  /// Reads the options' texts.
  public init(appliances: [String], clientPrefixes: [String]) throws(EndpointFailure) {
    self.appliances = try ApplianceSet(appliances)
    var prefixes: [AddressPrefix] = []
    for text in clientPrefixes {
      let prefix = try AddressPrefix(network: text)
      if !prefixes.contains(prefix) { prefixes.append(prefix) }
    }
    guard prefixes.count <= Configuration.prefixLimit else {
      throw .refused(
        "--client-prefix: \(prefixes.count) prefixes; at most \(Configuration.prefixLimit)")
    }
    self.clientPrefixes = prefixes
  }
}
