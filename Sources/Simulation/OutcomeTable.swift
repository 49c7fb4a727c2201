import Foundation
import Snapshots

/// Outcomes as text.
public enum OutcomeTable {
  private static let columns = [
    "algorithm", "sessions", "p50_ms", "p99_ms", "p99.9_ms", "load_variance", "failed", "refused",
  ]

  private static func cells(_ outcome: Outcome) -> [String] {
    let times = [0.5, 0.99, 0.999].map { String(format: "%.1f", outcome.quantile($0) * 1000) }
    return ["\(outcome.algorithm)", "\(outcome.sessions)"] + times
      + [String(format: "%.2f", outcome.loadVariance), "\(outcome.failed)", "\(outcome.refused)"]
  }

  public static func csv(_ outcomes: [Outcome]) -> String {
    ([columns] + outcomes.map(cells)).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  public static func markdown(_ outcomes: [Outcome]) -> String {
    let rows = [columns] + outcomes.map(cells)
    let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let gap = String(repeating: " ", count: widths[column] - cells[column].count)
        return column == 0 ? cells[column] + gap : gap + cells[column]
      }
      return "| " + padded.joined(separator: " | ") + " |\n"
    }
    let rule = widths.enumerated().map { column, width in
      column == 0
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    return line(rows[0]) + line(rule) + rows.dropFirst().map(line).joined()
  }
}
