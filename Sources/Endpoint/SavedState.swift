import AdminProtocol

/// What must be known to put a device back as it was. Written before anything is changed.
struct SavedState: Equatable, Sendable {
  var device: String
  /// Index of the device: another one that has its name now is not this one.
  var interface: Int32
  /// Whether the whole of `attach` was done.
  var isComplete: Bool
  /// Whether the clsact hook was not there before.
  var madeHook: Bool
  /// `any`, or MAC addresses.
  var appliances: [String]
  var clientPrefixes: [String]
  /// What the programs know of the host.
  var host: HostView
  var settings: [SavedSetting]
}

extension SavedState {
  private static let version = 1

  var json: JSONValue {
    [
      "version": JSONValue(SavedState.version),
      "device": .string(device),
      "interface": JSONValue(interface),
      "complete": .bool(isComplete),
      "made_hook": .bool(madeHook),
      "appliances": .array(appliances.map(JSONValue.string)),
      "client_prefixes": .array(clientPrefixes.map(JSONValue.string)),
      "host": host.json,
      "settings": .array(
        settings.map { saved in
          [
            "kind": .string(saved.setting.key.kind), "name": .string(saved.setting.key.name),
            "was": JSONValue(saved.was), "set": JSONValue(saved.set),
          ]
        }),
    ]
  }

  /// nil: this is no saved state, or one of another version.
  init?(_ json: JSONValue) {
    guard json["version"]?.intValue == SavedState.version, let device = json["device"]?.stringValue,
      let interface = json["interface"]?.intValue.flatMap(Int32.init(exactly:)),
      let isComplete = json["complete"]?.boolValue, let madeHook = json["made_hook"]?.boolValue,
      let appliances = json["appliances"]?.arrayValue,
      let prefixes = json["client_prefixes"]?.arrayValue,
      let host = json["host"].flatMap(HostView.init),
      let settings = json["settings"]?.arrayValue
    else { return nil }
    self.device = device
    self.interface = interface
    self.isComplete = isComplete
    self.madeHook = madeHook
    self.appliances = appliances.compactMap(\.stringValue)
    clientPrefixes = prefixes.compactMap(\.stringValue)
    self.host = host
    self.settings = []
    for value in settings {
      guard let kind = value["kind"]?.stringValue, let name = value["name"]?.stringValue,
        let setting = Setting(kind: kind, name: name),
        let was = value["was"]?.intValue.flatMap(UInt32.init(exactly:)),
        let set = value["set"]?.intValue.flatMap(UInt32.init(exactly:))
      else { return nil }
      self.settings.append(SavedSetting(setting: setting, was: was, set: set))
    }
  }
}
