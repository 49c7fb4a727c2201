extension Configuration {
  /// What the configuration asks for that this version can check but not run, a line each; `run`
  /// refuses them.
  public var notBuilt: [String] {
    var lines: [String] = []
    for service in services {
      if service.algorithm == .rt || service.algorithm == .p2c {
        lines.append(
          "service \(service.name): algorithm \(service.algorithm) is not built yet; "
            + "use rr, wrr, lc, wlc or maglev")
      }
    }
    return lines
  }
}
