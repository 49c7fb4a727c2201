import Wire

extension Configuration {
  /// Prefixes that one list may have.
  static let maximumPrefixes = 100_000

  /// Which clients a service admits, and how fast each.
  ///
  /// - Parameter isIPv4: the family of the service's address; nil if that could not be read
  func readAdmission(_ section: Section, _ service: inout Service, isIPv4: Bool?) {
    let keys = ["rate", "prefix-ipv4", "prefix-ipv6"]
    if let section = section.section("new-sessions-per-client", keys: keys) {
      var limit = ClientLimit()
      if section.required("rate", expected: "a whole number, 1 to 1000000") != nil {
        limit.rate = section.integer("rate", in: 1...1_000_000).map { UInt32($0) } ?? limit.rate
      }
      limit.prefixIPv4 = section.integer("prefix-ipv4", in: 1...32) ?? limit.prefixIPv4
      limit.prefixIPv6 = section.integer("prefix-ipv6", in: 1...128) ?? limit.prefixIPv6
      service.clientLimit = limit
    }
    service.allow = readPrefixes(section, "allow", isIPv4: isIPv4)
    service.deny = readPrefixes(section, "deny", isIPv4: isIPv4)
  }

  private func readPrefixes(_ section: Section, _ key: String, isIPv4: Bool?) -> [AddressPrefix] {
    let example = isIPv4 == false ? "2001:db8::/32" : "192.0.2.0/24"
    let nodes = section.list(key, of: "prefixes such as \(example)") ?? []
    if nodes.count > Self.maximumPrefixes {
      section.report(
        key, "\(key) has \(nodes.count) prefixes", expected: "at most \(Self.maximumPrefixes)")
    }
    return nodes.compactMap { node in
      guard
        let prefix = section.parse(
          node, "a prefix of \(key)", expected: "a prefix such as \(example)", { AddressPrefix($0) }
        )
      else { return nil }
      if let isIPv4, prefix.address.isIPv4 != isIPv4 {
        section.diagnostics.report(
          node.place, "\(prefix) is not of the service's address family",
          expected: "a prefix such as \(example)")
      }
      return prefix
    }
  }
}
