import AdminProtocol

extension Status {
  /// One object; its keys stay.
  public var json: JSONValue {
    [
      "device": .string(device.name),
      "mac": .string(device.mac.description),
      "mtu": JSONValue(device.mtu),
      "attached": .bool(isWhole),
      "mode": JSONValue(attachment.learn?.mode.rawValue),
      "programs": [
        "learn": attachment.isLearnOurs ? JSONValue(attachment.learn?.program ?? 0) : .null,
        "push": attachment.isPushOurs ? JSONValue(attachment.push ?? 0) : .null,
      ],
      "earlier_filters": .array(attachment.predecessors.filters.map { JSONValue($0) }),
      "earlier_tcx_programs": JSONValue(attachment.predecessors.tcxPrograms),
      "appliances": .array((state?.appliances ?? []).map(JSONValue.string)),
      "client_prefixes": .array((state?.clientPrefixes ?? []).map(JSONValue.string)),
      "changed": .array(
        settings.map { changed in
          [
            "setting": .string(changed.saved.setting.description),
            "was": JSONValue(changed.saved.was), "set": JSONValue(changed.saved.set),
            "now": JSONValue(changed.now),
          ]
        }),
      "outdated": .array(outdated.map(JSONValue.string)),
      "hits": JSONValue(hits),
      "misses": JSONValue(misses),
      "errors": JSONValue(errors),
      "counters": .object(
        JSONObject(counters.map { ($0.name, JSONValue($0.value)) })),
      "flows_total": JSONValue(totalFlows),
      "flows": .array(flows.map(\.json)),
    ]
  }
}

extension Flow {
  var json: JSONValue {
    [
      "protocol": .string(protocolName),
      "local": .string(local.description),
      "local_port": JSONValue(localPort),
      "remote": .string(remote.description),
      "remote_port": JSONValue(remotePort),
      "label": JSONValue(label),
      "entries_below": .array(entriesBelow.map { JSONValue($0) }),
      "appliance": .string(appliance.description),
      "idle_s": .double(Double(idleNanoseconds / 1_000_000) / 1000),
    ]
  }
}
