/// Text in aligned columns.
struct Table {
  /// A column: words stand left, numbers right.
  enum Column {
    case left(String)
    case right(String)

    var title: String {
      switch self {
      case .left(let title), .right(let title): title
      }
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  init(_ columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row; cells that are missing stay empty. Control characters become question marks, so that
  /// no name can play with the terminal.
  mutating func add(_ cells: [String]) {
    rows.append(cells.map { cell in String(cell.map { Table.isPrintable($0) ? $0 : "?" }) })
  }

  /// The titles and the rows, a line each, two spaces between columns, none at a line's end.
  var text: String {
    let lines = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in
      lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return lines.map { cells in
      var line = ""
      for (index, column) in columns.enumerated() {
        let cell = index < cells.count ? cells[index] : ""
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        if index > 0 { line += "  " }
        switch column {
        case .left: line += cell + padding
        case .right: line += padding + cell
        }
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  private static func isPrintable(_ character: Character) -> Bool {
    character.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}
