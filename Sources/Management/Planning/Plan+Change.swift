import Snapshots

extension Plan {
  /// What an operator wants of a server now. It holds until `apply` meets another configured
  /// weight or the server leaves.
  ///
  /// A server that has left the configuration can only be drained, or its sessions withdrawn
  /// (`maint`).
  ///
  /// - Parameters:
  ///   - name: as `serverName`
  ///   - weight: 0...65,535; nil leaves it
  ///   - state: nil leaves it
  /// - Returns: the server's slot
  /// - Throws: why it cannot be, in one line
  @discardableResult
  public mutating func set(
    server name: String, weight: UInt32?, state: ServerState?,
    now: ContinuousClock.Instant = .now
  ) throws(PlanError) -> UInt32 {
    guard let slot = servers.slot(named: name), var server = servers[slot] else {
      throw PlanError(lines: ["there is no server \(name.quoted)"])
    }
    if let weight, weight > 65_535 {
      throw PlanError(lines: ["weight is \(weight); expected 0 to 65535"])
    }
    if server.retired, weight != nil || state == .ready {
      throw PlanError(
        lines: ["server \(name) has left the configuration; it can only be set to drain or maint"])
    }
    let leavesMaintenance = server.state == .maint && state != nil && state != .maint
    server.weightOverride = weight ?? server.weightOverride
    server.stateOverride = state ?? server.stateOverride
    servers[slot] = server
    if leavesMaintenance { beginRise(of: slot, now: now) }
    return slot
  }

  /// A server that was down starts slowly when it comes up. One that joined its service, and takes
  /// sessions while nothing is known of it, begins anew when it is first found up.
  ///
  /// - Returns: whether that is news, so that a new snapshot is wanted; false if the slot is unused
  public mutating func setHealth(
    slot: UInt32, _ health: ServerHealth, now: ContinuousClock.Instant = .now
  ) -> Bool {
    guard let server = servers[slot], server.health != health else { return false }
    servers[slot]?.health = health
    if health == .up, server.health == .down || server.roseAt != nil {
      beginRise(of: slot, now: now)
    }
    return true
  }

  /// Of the servers that have left the configuration.
  public var retiredServerSlots: [UInt32] {
    services.entries.flatMap { $0?.retiredServerSlots ?? [] }
  }

  /// Of the services that have left the configuration.
  public var retiredServiceSlots: [UInt32] {
    services.entries.indices.filter { services.entries[$0]?.retired == true }.map { UInt32($0) }
  }

  /// Frees a retired server's slot, to be given to another one.
  ///
  /// Only for a server to which no session of any worker refers, after every worker has seen a
  /// snapshot in which it is retired: before that, one may still give it a session.
  ///
  /// - Returns: false if the slot is not a retired server's
  public mutating func release(serverSlot slot: UInt32) -> Bool {
    guard let server = servers[slot], server.retired else { return false }
    services[server.serviceSlot]?.retiredServerSlots.removeAll { $0 == slot }
    servers.release(slot, named: server.qualifiedName)
    return true
  }

  /// Frees a retired service's slot, as `release(serverSlot:)` does a server's.
  ///
  /// - Returns: false if the slot is not a retired service's, or one of its servers has a slot
  public mutating func release(serviceSlot slot: UInt32) -> Bool {
    guard let service = services[slot], service.retired, service.retiredServerSlots.isEmpty
    else { return false }
    services.release(slot, named: service.configuration.name)
    return true
  }
}
