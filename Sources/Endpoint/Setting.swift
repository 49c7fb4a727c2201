import CBPFShim
import Glibc

/// One setting of a device that attaching may change and detaching puts back. Values are numbers;
/// features are 0 or 1.
enum Setting: Hashable, Sendable {
  /// An offload, by the name that `ethtool -k` has for it: whether it is asked for.
  case feature(String)
  /// The most segments that one packet may be left to become.
  case gsoMaxSegments
  case arp(ARPVariable)

  /// The kind and name under which it is saved.
  var key: (kind: String, name: String) {
    switch self {
    case .feature(let name): ("feature", name)
    case .gsoMaxSegments: ("link", "gso_max_segs")
    case .arp(let variable): ("arp", variable.rawValue)
    }
  }

  init?(kind: String, name: String) {
    switch (kind, name) {
    case ("feature", _): self = .feature(name)
    case ("link", "gso_max_segs"): self = .gsoMaxSegments
    case ("arp", _):
      guard let variable = ARPVariable(rawValue: name) else { return nil }
      self = .arp(variable)
    default: return nil
    }
  }

  /// The value that is asked for; nil: this device has no such setting, or it can't be changed.
  func read(_ device: Device) throws(EndpointFailure) -> UInt32? {
    switch self {
    case .feature(let name):
      guard let feature = try Setting.feature(name, of: device), feature.is_changeable != 0 else {
        return nil
      }
      return UInt32(feature.is_requested)
    case .gsoMaxSegments:
      return try Device.existing(device.name).gsoMaxSegments
    case .arp(let variable):
      return try variable.read(device.name)
    }
  }

  /// The value that the device goes by, which may not be that asked for; nil: it has none.
  func readInEffect(_ device: Device) throws(EndpointFailure) -> UInt32? {
    guard case .feature(let name) = self else {
      guard let value = try read(device) else { return nil }
      return try effect(of: value)
    }
    return try Setting.feature(name, of: device).map { UInt32($0.is_active) }
  }

  /// The value that a device is to go by which is given this one.
  func effect(of value: UInt32) throws(EndpointFailure) -> UInt32 {
    guard case .arp(let variable) = self else { return value }
    return max(value, try variable.read("all") ?? 0)
  }

  /// Whether a device that goes by this value does what it is to do.
  func isMet(by value: UInt32, wanted: UInt32) -> Bool {
    if case .arp(let variable) = self { variable.hides(value) } else { value == wanted }
  }

  func write(_ value: UInt32, _ device: Device) throws(EndpointFailure) {
    switch self {
    case .feature(let name):
      let result = unsafe endpoint_feature_set(device.name, name, value == 0 ? 0 : 1)
      try check(result, "setting \(name) of \(device.name)")
    case .gsoMaxSegments:
      let result = endpoint_link_set_gso_max_segments(device.interface, value)
      try check(result, "setting gso_max_segs of \(device.name)")
    case .arp(let variable):
      try variable.write(value, device.name)
    }
  }

  /// nil: the kernel knows no such feature.
  private static func feature(
    _ name: String, of device: Device
  ) throws(EndpointFailure) -> endpoint_feature? {
    var feature = endpoint_feature()
    let result = unsafe endpoint_feature_read(device.name, name, &feature)
    if result == -ENOENT || result == -EOPNOTSUPP { return nil }
    try check(result, "reading \(name) of \(device.name)")
    return feature
  }

  /// The value in words.
  func text(_ value: UInt32) -> String {
    if case .feature = self { value == 0 ? "off" : "on" } else { "\(value)" }
  }
}

extension Setting: CustomStringConvertible {
  var description: String { key.name }
}

/// A setting with its value before, and that which attaching gave it.
struct SavedSetting: Equatable, Sendable {
  let setting: Setting
  let was: UInt32
  var set: UInt32
}
