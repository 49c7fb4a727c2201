import AdminProtocol
import ArgumentParser
import Testing

@testable import taglinectl

/// Command lines and the requests that they become.
@Suite struct CommandTests {
  static let requests: [(line: String, method: String, parameters: JSONValue)] = [
    ("status", "status", [:]),
    ("show services", "show.services", [:]),
    ("show servers", "show.servers", [:]),
    ("show sessions", "show.sessions", [:]),
    ("show sessions --limit 5", "show.sessions", ["limit": 5]),
    ("show labels --limit 0", "show.labels", ["limit": 0]),
    ("show ports", "show.ports", [:]),
    ("show workers", "show.workers", [:]),
    ("show counters --all", "show.counters", [:]),
    ("show config", "show.config", [:]),
    ("show trace", "trace.show", [:]),
    ("server set web/web1 --weight 0", "server.set", ["server": "web/web1", "weight": 0]),
    (
      "server set web/web1 --state drain --weight 3", "server.set",
      ["server": "web/web1", "weight": 3, "state": "drain"]
    ),
    (
      "server set web/web1/192.0.2.11 --state maint", "server.set",
      ["server": "web/web1/192.0.2.11", "state": "maint"]
    ),
    ("session withdraw 17", "session.withdraw", ["label": 17]),
    ("reload", "reload", [:]),
    ("reload --config /etc/x.yaml", "reload", ["config": "/etc/x.yaml"]),
    ("trace start", "trace.start", [:]),
    ("trace start tcp port 80 --count 5", "trace.start", ["filter": "tcp port 80", "count": 5]),
    ("trace show", "trace.show", [:]),
    ("capture start --file /tmp/p", "capture.start", ["file": "/tmp/p"]),
    (
      "capture start tcp port 80 --file /tmp/p --port front --port back --direction in"
        + " --snap-length 96 --packets 5 --seconds 2 --bytes 65536", "capture.start",
      [
        "file": "/tmp/p", "filter": "tcp port 80", "ports": ["front", "back"], "direction": "in",
        "snap_length": 96, "packets": 5, "seconds": 2, "bytes": 65536,
      ]
    ),
    ("capture stop", "capture.stop", [:]),
    ("capture show", "capture.show", [:]),
    ("show capture", "capture.show", [:]),
  ]

  @Test(arguments: requests)
  func aCommandIsOneRequest(line: String, method: String, parameters: JSONValue) throws {
    let words = line.split(separator: " ").map(String.init)
    let command = try #require(try Taglinectl.parseAsRoot(words) as? any AdminCommand)
    #expect(command.method == method)
    #expect(command.parameters == parameters)
    #expect(!command.connection.json)
  }

  @Test(arguments: [
    "--socket /a --json show counters", "show --socket /a counters --json",
    "show counters --json --socket /a", "--json show counters --socket=/a",
  ])
  func theConnectionsOptionsMayStandAnywhere(line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let command = try #require(try Taglinectl.parseAsRoot(words) as? ShowCounters)
    #expect(command.connection.json)
    #expect(command.connection.socketPath == "/a")
  }

  @Test(arguments: [
    "frobnicate", "show nothing", "server set", "server set web --weight 1",
    "server set /web1 --weight 1", "server set a/b/c/d --weight 1", "server set web/web1",
    "server set web/web1 --weight -1", "server set web/web1 --weight many",
    "server set web/web1 --state up", "session withdraw", "session withdraw all",
    "show sessions --limit -1", "trace start --count x", "status --colour",
    "capture start", "capture start --file p --direction up", "capture start --file p --packets -1",
  ])
  func badLinesAreRefused(line: String) {
    let words = line.split(separator: " ").map(String.init)
    #expect {
      try Taglinectl.parseAsRoot(words)
    } throws: {
      !Taglinectl.exitCode(for: $0).isSuccess
    }
  }

  @Test func aRelativePathGoesOutAbsolute() throws {
    let command = try #require(
      try Taglinectl.parseAsRoot(["reload", "--config", "x/y.yaml"]) as? ReloadCommand)
    let path = try #require(command.parameters["config"]?.stringValue)
    #expect(path.hasPrefix("/"))
    #expect(path.hasSuffix("/x/y.yaml"))
    let capture = try #require(
      try Taglinectl.parseAsRoot(["capture", "start", "--file", "p"]) as? CaptureStart)
    let file = try #require(capture.parameters["file"]?.stringValue)
    #expect(file.hasPrefix("/"))
    #expect(file.hasSuffix("/p"))
  }
}
