import Wire

/// Whom labels are learned from.
public enum ApplianceSet: Equatable, Sendable {
  /// Whoever sends them. Anybody on the segment can then redirect flows.
  case any
  case only([MACAddress])

  /// The most that the table of appliances holds.
  static let limit = 256

  /// Reads what `--appliance` says: MAC addresses parted by commas, or the word `any`.
  public init(_ texts: [String]) throws(EndpointFailure) {
    let words = texts.flatMap { text in
      text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    if words == ["any"] {
      self = .any
      return
    }
    var addresses: [MACAddress] = []
    for word in words {
      guard let address = MACAddress(word), !address.isMulticast, address.word != 0 else {
        let hint = word == "any" ? "`any` stands alone" : "expected one like 02:00:00:00:00:01"
        throw .refused("--appliance: '\(word)' is no host's MAC address; \(hint)")
      }
      if !addresses.contains(address) { addresses.append(address) }
    }
    guard !addresses.isEmpty else {
      throw .refused("--appliance is missing: give the appliance's MAC address")
    }
    guard addresses.count <= ApplianceSet.limit else {
      throw .refused("--appliance: \(addresses.count) addresses; at most \(ApplianceSet.limit)")
    }
    self = .only(addresses)
  }

  var texts: [String] {
    switch self {
    case .any: ["any"]
    case .only(let addresses): addresses.map(\.description)
    }
  }
}
