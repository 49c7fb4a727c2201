/// The cases for people: name, devices, n, what is done.
public enum Listing {
  public static func lines(_ cases: [BenchmarkCase]) -> [String] {
    Catalogue.namesInOrder.flatMap { name in
      BenchmarkCase.Device.allCases.compactMap { device in
        let sizes = cases.filter { $0.name == name && $0.device == device }.map { "\($0.n)" }
        guard !sizes.isEmpty else { return nil }
        return [
          name.padded(to: 20), device.rawValue.padded(to: 6),
          sizes.joined(separator: ",").padded(to: 40), Catalogue.summary(name),
        ].joined()
      }
    }
  }

  public static func print(_ cases: [BenchmarkCase]) {
    for line in lines(cases) { Swift.print(line) }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}
