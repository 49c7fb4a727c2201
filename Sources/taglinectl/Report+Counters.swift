import AdminProtocol
import Wire

extension Report {
  /// `show.counters`: sorted by name, drops with their reason.
  static func counters(_ result: JSONValue, showingAll: Bool) -> String {
    var table = Table([.left("COUNTER"), .right("COUNT"), .left("")])
    let members = (result.objectValue?.members ?? []).sorted { $0.key < $1.key }
    var hidden = 0
    for (name, value) in members {
      if value == 0, !showingAll {
        hidden += 1
      } else {
        table.add([name, cell(value), dropText(name)])
      }
    }
    return table.text + hiddenCounters(hidden)
  }

  /// `show.workers`: a column a worker, a line a counter.
  static func workers(_ result: JSONValue, showingAll: Bool) -> String {
    let workers = result.arrayValue ?? []
    var table = Table(
      [.left("COUNTER")]
        + workers.map {
          .right("WORKER \(cell($0["worker"])) (lcore \(cell($0["lcore"])))")
        })
    let names = Set(workers.flatMap { $0["counters"]?.objectValue?.keys ?? [] }).sorted()
    var hidden = 0
    for name in names {
      let values = workers.map { $0["counters"]?[name] }
      if values.allSatisfy({ $0 == nil || $0 == 0 }), !showingAll {
        hidden += 1
      } else {
        table.add([name] + values.map(cell))
      }
    }
    return table.text + hiddenCounters(hidden)
  }

  /// What a `drop.` counter counts, in words; empty for others.
  private static func dropText(_ counter: String) -> String {
    DropReason.allCases.first { counter == "drop." + $0.name }?.text ?? ""
  }
}
