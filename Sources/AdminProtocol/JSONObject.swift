/// The members of a JSON object, in the order in which they were added.
///
/// Look-up is linear: objects here are small, and building one costs no hashing.
public struct JSONObject: Sendable {
  /// Keys and values in order. A key may stand here twice if it was read so; the last one counts.
  public private(set) var members: [(key: String, value: JSONValue)]

  /// An object of these members, in this order.
  public init(_ members: [(String, JSONValue)] = []) {
    self.members = members.map { (key: $0.0, value: $0.1) }
  }

  /// The value of the last member with this key. Setting replaces it where it stands, adds it at the
  /// end, or (nil) removes all members with the key.
  public subscript(key: String) -> JSONValue? {
    get { members.last { $0.key == key }?.value }
    set {
      guard let newValue else {
        members.removeAll { $0.key == key }
        return
      }
      if let index = members.lastIndex(where: { $0.key == key }) {
        members[index].value = newValue
      } else {
        members.append((key, newValue))
      }
    }
  }

  /// Adds a member at the end without looking whether the key is there.
  public mutating func append(_ key: String, _ value: JSONValue) {
    members.append((key, value))
  }

  /// The keys in order.
  public var keys: [String] { members.map(\.key) }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
}

extension JSONObject: Equatable {
  /// Equality of keys and values, whatever their order; of a key given twice the last one counts.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.dictionary == right.dictionary
  }

  private var dictionary: [String: JSONValue] {
    Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }
}
