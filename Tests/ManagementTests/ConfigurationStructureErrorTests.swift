import Testing

@testable import Management

@Suite struct ConfigurationStructureErrorTests {
  private static let root =
    "workers, sessions-per-worker, memory, admin, metrics, ports, labels, answers-per-second, "
    + "kernel-packets-per-second, timeouts or services"
  private static let keys = root.replacing(" or ", with: ", ")

  @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "--- \n...\n"])
  func emptyFiles(_ text: String) {
    #expect(
      refusals(text) == [
        "t.yaml:1:1: the file is empty; expected a mapping with ports and services"
      ])
  }

  @Test(
    arguments: [
      (
        "hello",
        ["t.yaml:1:1: the configuration is \"hello\"; expected a mapping with \(keys)"]
      ),
      ("- a", ["t.yaml:1:1: the configuration is a list; expected a mapping with \(keys)"]),
      ("~", ["t.yaml:1:1: the configuration is empty; expected a mapping with \(keys)"]),
      (
        "workers: 1\nports: [a\nservices: b\n",
        [
          "t.yaml:3:9: not YAML: while parsing a flow sequence did not find expected ',' or ']'; "
            + "expected a YAML document"
        ]
      ),
      (
        "workers: 1\n\tports: a\n",
        [
          "t.yaml:2:1: not YAML: while scanning a plain scalar found a tab character that "
            + "violates indentation; expected a YAML document"
        ]
      ),
      (
        "workers: 1\r\nports: \u{1}\r\n",
        [
          "t.yaml:2:8: not YAML: control characters are not allowed; expected a YAML document"
        ]
      ),
      (
        "workers: 1\n---\nworkers: 1\n",
        [
          "t.yaml:2:1: not YAML: expected a single document in the stream but found another "
            + "document; expected a YAML document"
        ]
      ),
      (
        "ports: *front",
        ["t.yaml:1:8: not YAML: found undefined alias; expected a YAML document"]
      ),
    ]) func noMapping(_ text: String, lines: [String])
  {
    #expect(refusals(text) == lines)
  }

  /// A document nested deeper than any stack would bear.
  @Test(arguments: ["[", "{a: "])
  func deepNesting(_ opening: String) {
    let lines = refusals(String(repeating: opening, count: 200_000))
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("t.yaml:1:") == true)
    #expect(lines.first?.contains("not YAML: ") == true)
  }

  @Test(
    arguments: [
      Spoiled(
        "workers: 2", "worker: 2",
        "t.yaml:1:1: unknown key \"worker\" in the configuration; expected \"workers\""),
      Spoiled(
        "workers: 2", "Workers: 2",
        "t.yaml:1:1: unknown key \"Workers\" in the configuration; expected \"workers\""),
      Spoiled(
        "workers: 2", "answers_per_second: 2",
        "t.yaml:1:1: unknown key \"answers_per_second\" in the configuration; "
          + "expected \"answers-per-second\""),
      Spoiled(
        "workers: 2", "hello: 2",
        "t.yaml:1:1: unknown key \"hello\" in the configuration; expected \(root)"),
      Spoiled(
        "weight: 1", "wieght: 1",
        "t.yaml:26:9: unknown key \"wieght\" in server; expected \"weight\""),
      Spoiled(
        "type: tcp", "typ: tcp",
        "t.yaml:22:7: health has no type; expected type: http, tcp or icmp",
        "t.yaml:22:7: unknown key \"typ\" in health; expected \"type\""),
      Spoiled(
        "mac: 02:00:00:00:00:fe", "via: 192.0.2.1",
        "t.yaml:15:7: gateway has neither mac nor address; expected one of them",
        "t.yaml:15:7: unknown key \"via\" in gateway; expected mac or address"),
      Spoiled(
        "workers: 2", "[a, b]: 2",
        "t.yaml:1:1: a key of the configuration is a list; expected \(root)"),
      Spoiled(
        "workers: 2", "workers: !count 2",
        "t.yaml:1:10: workers is the text \"2\"; expected a whole number, 1 to 64"),
    ]) func unknownKeys(_ spoiled: Spoiled)
  { spoiled.check() }

  /// All of them at once, each where it stands again.
  @Test func duplicateKeys() {
    #expect(
      refusals(
        """
        workers: 1
        ports:
          - name: a
            device: d
            name: b
            "name": c
          - {'mtu': 1400, name: e, mtu: 1500, device: é, mtu: 1600}
        workers: 2
        services:
          - {name: s, address: 192.0.2.9, protocol: tcp, port: 1, servers: [{name: a, address: 192.0.2.1, port: a}]}
        """) == [
          "t.yaml:5:5: the key \"name\" is given again; expected it once, as on line 3",
          "t.yaml:6:5: the key \"name\" is given again; expected it once, as on line 3",
          "t.yaml:7:28: the key \"mtu\" is given again; expected it once, as on line 7",
          "t.yaml:7:50: the key \"mtu\" is given again; expected it once, as on line 7",
          "t.yaml:8:1: the key \"workers\" is given again; expected it once, as on line 1",
        ])
  }

  /// Sorted by line and column, whatever order they are found in.
  @Test func everyErrorAtOnce() {
    #expect(
      refusals(
        """
        services:
          - servers: []
            colour: red
            port: 99999
            protocol: icmp
        ports:
          - device: 7
            mtu: big
        workers: none
        """, file: "/etc/tagline/a b.yaml") == [
          "/etc/tagline/a b.yaml:2:5: service has no address; expected address: the virtual address",
          "/etc/tagline/a b.yaml:2:5: service has no name; expected name: a name of 1 to 64 characters without spaces and \"/\"",
          "/etc/tagline/a b.yaml:2:14: servers is an empty list; expected a list of servers",
          "/etc/tagline/a b.yaml:3:5: unknown key \"colour\" in service; expected name, address, protocol, port, algorithm, slow-start, clients, max-sessions, new-sessions-per-second, new-sessions-per-client, allow, deny, response-samples, refuse-with, on-down, health or servers",
          "/etc/tagline/a b.yaml:4:11: port is \"99999\"; expected a port 1 to 65535, a range such as 8000-8099, or any",
          "/etc/tagline/a b.yaml:5:15: protocol is \"icmp\"; expected tcp or udp",
          "/etc/tagline/a b.yaml:7:5: port has no name; expected name: a name of 1 to 64 characters without spaces and \"/\"",
          "/etc/tagline/a b.yaml:8:10: mtu is \"big\"; expected a whole number, 576 to 9216",
          "/etc/tagline/a b.yaml:9:10: workers is \"none\"; expected a whole number, 1 to 64",
        ])
  }

  @Test func aliasesAndMergeKeys() throws {
    let merged = try readRight(
      """
      ports:
        - &front {name: front, device: d0, side: client, mtu: 1400}
        - {<<: *front, name: back, device: d1, side: server}
      services:
        - &web
          name: web
          address: 203.0.113.1
          protocol: tcp
          port: 80
          servers: &servers
            - {name: a, address: 192.0.2.1, mac: "02:00:00:00:00:11"}
        - name: tls
          port: 443
          <<: [*web, {clients: plain, algorithm: rr}]
          algorithm: lc
      """)
    #expect(merged.ports.map(\.mtu) == [1400, 1400])
    #expect(merged.ports.map(\.side) == [.client, .server])
    #expect(merged.services.map(\.name) == ["web", "tls"])
    #expect(merged.services[1].servers == merged.services[0].servers)
    #expect(merged.services[1].algorithm == .lc)
    #expect(merged.services[1].clients == .plain)
    #expect(
      refusals("ports: [{<<: 3, name: a, device: d}]\nservices: 1") == [
        "t.yaml:1:14: what \"<<\" merges is \"3\"; expected a mapping",
        "t.yaml:2:11: services is \"1\"; expected a list of services",
      ])
  }

  /// A value that could end the line or flood the terminal is shown in safety.
  @Test func valuesInMessages() {
    #expect(
      refusals("workers: \"1\\n2\\e[2J\"\nports: 1\nservices: 1").first
        == "t.yaml:1:10: workers is the text \"1\\n2\\u{1B}[2J\"; expected a whole number, 1 to 64")
    #expect(
      refusals("workers: \(String(repeating: "9", count: 1000))\nports: 1\nservices: 1").first
        == "t.yaml:1:10: workers is \"\(String(repeating: "9", count: 60))...\"; "
        + "expected a whole number, 1 to 64")
  }
}
