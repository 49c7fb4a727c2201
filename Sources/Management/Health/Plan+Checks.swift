extension Plan {
  /// The checks that the configuration asks for, in its order. Servers that have left it are checked
  /// for as long as they have sessions, as their service's others are, or were if that left too.
  var wantedChecks: [HealthBook.Wanted] {
    (serviceSlots + retiredServiceSlots).flatMap { slot -> [HealthBook.Wanted] in
      guard let service = services[slot], let health = service.configuration.health else {
        return []
      }
      return (service.serverSlots + service.retiredServerSlots).compactMap { slot in
        guard let server = servers[slot],
          let check = HealthCheck(
            service.configuration, server.configuration.address,
            source: checkSource(service.configuration, server.configuration, slot: slot))
        else { return nil }
        return HealthBook.Wanted(
          slot: slot, check: check, rise: health.rise, fall: health.fall, health: server.health)
      }
    }
  }

  /// Whether a server's checks ask its application, and not its kernel alone.
  func checksApplication(ofServer slot: UInt32) -> Bool {
    servers[slot].flatMap { services[$0.serviceSlot] }?.configuration.health?.type == .http
  }

  /// nil if the service's checks go to its servers' own addresses.
  private func checkSource(
    _ service: Configuration.Service, _ server: Configuration.Server, slot: UInt32
  ) -> HealthCheck.Source? {
    guard service.health?.target == .vip,
      let address = configuration.checkAddress(of: service, port: server.port)
    else { return nil }
    return HealthCheck.Source(address: address, server: slot, isLabelled: server.labels)
  }
}
