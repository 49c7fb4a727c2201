import Balancing
import Dataplane
import Snapshots
import Wire

/// Metrics of services, servers and ports.
extension Manager {
  func writeServices(_ text: inout MetricsText) {
    let services = (plan.serviceSlots + plan.retiredServiceSlots).compactMap {
      plan.service(slot: $0)
    }
    text.family("tagline_service_info", .gauge, "1; the labels say what the service is.")
    for service in services {
      text.sample(
        [
          "service": service.name, "address": "\(service.address)",
          "protocol": "\(service.transport)", "port": "\(service.port)",
          "algorithm": "\(service.algorithm)",
        ], 1)
    }
    text.family("tagline_service_sessions", .gauge, "Sessions of the service that are not closing.")
    for service in services {
      text.sample(["service": service.name], appliance.sessions(service: service.slot))
    }
    text.family(
      "tagline_service_sessions_refused_total", .counter, "Sessions that the service refused.")
    for service in services {
      text.sample(["service": service.name], refused(service: service.slot))
    }
    text.family(
      "tagline_service_sessions_refused_reasons_total", .counter,
      "Sessions that the service refused, by reason.")
    for service in services {
      for verdict in AdmissionVerdict.refusals {
        text.sample(
          ["service": service.name, "reason": verdict.name], refused(service: service.slot, verdict)
        )
      }
    }
  }

  /// One line a server in each family, whose labels are made once: there may be many thousands.
  func writeServers(_ text: inout MetricsText) {
    let services = (plan.serviceSlots + plan.retiredServiceSlots).compactMap {
      plan.service(slot: $0)
    }
    let servers = services.flatMap { service in
      service.serverSlots.compactMap { slot in
        plan.server(slot: slot).map { server in
          (
            view: server, isConfigured: !service.retired, check: health.view(slot: slot, now: .now),
            labels: ["service": server.service, "server": server.name] as MetricLabels
          )
        }
      }
    }
    text.family("tagline_server_sessions", .gauge, "Sessions of the server that are not closing.")
    for server in servers {
      text.sample(server.labels, appliance.sessions(server: server.view.slot))
    }
    text.family("tagline_server_sessions_started_total", .counter, "Sessions given to the server.")
    for server in servers { text.sample(server.labels, totalSessions(server: server.view.slot)) }
    text.family("tagline_server_weight", .gauge, "The server's weight; 0 takes no new session.")
    for server in servers { text.sample(server.labels, server.view.weight) }
    text.family(
      "tagline_server_up", .gauge,
      "0 if the server's health checks failed, else 1: one of unknown health takes sessions.")
    for server in servers { text.sample(server.labels, server.view.health == .down ? 0 : 1) }
    text.family(
      "tagline_server_takes_sessions", .gauge,
      "1 if new sessions may be given to the server, limits aside: ready, not down, weight above 0, "
        + "next hop known. Not of a service that has left the configuration.")
    for server in servers where server.isConfigured {
      text.sample(server.labels, server.view.takesNewSessions ? 1 : 0)
    }
    text.family(
      "tagline_server_state", .gauge, "1; the label is what the operator wants of the server.")
    for server in servers {
      text.sample(
        [
          "service": server.view.service, "server": server.view.name,
          "state": "\(server.view.state)",
        ], 1)
    }
    text.family(
      "tagline_server_health_changes_total", .counter, "Changes of the server's health.")
    for server in servers {
      if let check = server.check { text.sample(server.labels, check.changes) }
    }
    text.family(
      "tagline_server_check_duration_seconds", .gauge, "How long the server's last check took.")
    for server in servers {
      if let duration = server.check?.duration { text.sample(server.labels, duration) }
    }
    text.family(
      "tagline_server_response_time_seconds", .gauge,
      "The server's response time, smoothed: of requests, else of checks, else of the network.")
    for server in servers {
      if let time = responseTime(of: server.view.slot) { text.sample(server.labels, time) }
    }
    text.family(
      "tagline_server_request_time_seconds", .gauge,
      "From request to response, smoothed over the sessions whose requests are timed.")
    for server in servers {
      if let time = requestTime(of: server.view.slot) { text.sample(server.labels, time) }
    }
    text.family(
      "tagline_server_network_time_seconds", .gauge,
      "From SYN to SYN-ACK, smoothed over all sessions.")
    for server in servers {
      if let time = networkTime(of: server.view.slot) { text.sample(server.labels, time) }
    }
    writeChecks(&text)
  }

  private func writeChecks(_ text: inout MetricsText) {
    text.family("tagline_health_targets", .gauge, "Distinct health checks that are made.")
    text.sample(health.checkCount)
    text.family(
      "tagline_health_checks_total", .counter,
      "Health checks made, by result; one that was unable to ask says nothing of the server.")
    text.sample(["result": "good"], health.counts.good)
    text.sample(["result": "bad"], health.counts.bad)
    text.sample(["result": "unable"], health.counts.unable)
  }

  func writePorts(_ text: inout MetricsText) {
    let ports = zip(appliance.devices, plan.configuration.ports).map { device, port in
      (
        device: device, side: port.side,
        statistics: Dictionary(uniqueKeysWithValues: device.statistics.map { ($0.name, $0.value) })
      )
    }
    text.family("tagline_port_info", .gauge, "1; the labels say what the port is.")
    for port in ports {
      text.sample(
        [
          "port": port.device.name, "device": port.device.device, "driver": port.device.driver,
          "mac": "\(MACAddress(word: port.device.mac))", "side": "\(port.side)",
        ], 1)
    }
    let shown: [(name: String, statistic: String, help: String)] = [
      ("packets_received", "ipackets", "Packets that the device received."),
      ("packets_sent", "opackets", "Packets that the device sent."),
      ("received_bytes", "ibytes", "Bytes that the device received."),
      ("sent_bytes", "obytes", "Bytes that the device sent."),
      ("packets_missed", "imissed", "Packets lost because the device's queues were full."),
      ("receive_errors", "ierrors", "Packets received with errors."),
      ("send_errors", "oerrors", "Packets that the device failed to send."),
      ("buffer_shortages", "rx_nombuf", "Packets lost because no buffer was free."),
    ]
    for (name, statistic, help) in shown {
      text.family("tagline_port_\(name)_total", .counter, help)
      for port in ports {
        if let value = port.statistics[statistic] { text.sample(["port": port.device.name], value) }
      }
    }
  }
}
