import Wire
import Yams

extension Configuration {
  /// The address that checks of a service come from when they go to its virtual address by a port: the
  /// port's first one of that family which is nobody's virtual address.
  func checkAddress(of service: Service, port: Int) -> IPAddress? {
    ports[port].addresses.lazy.map(\.address).first { address in
      address.isIPv4 == service.address.isIPv4 && !address.isLinkLocal
        && !services.contains { $0.address == address }
    }
  }

  /// Reports services whose checks go to the virtual address and have none to come from. Only where all
  /// else is right: what a server's port is would else be a guess.
  ///
  /// - Parameter sections: the services'
  func checkSources(_ sections: [Section]) {
    guard sections.allSatisfy(\.diagnostics.isEmpty) else { return }
    for (service, section) in zip(services, sections) where service.health?.target == .vip {
      var known: Set<Int> = []
      for server in service.servers
      where known.insert(server.port).inserted
        && checkAddress(of: service, port: server.port) == nil
      {
        let family = service.address.isIPv4 ? "IPv4" : "IPv6"
        section.diagnostics.report(
          section.value("health")?["to"]?.place ?? section.place(of: "health"),
          "port \(ports[server.port].name) has no \(family) address of its own "
            + "that checks to the vip could come from",
          expected: "an address of the port, or to: server")
      }
    }
  }
}
