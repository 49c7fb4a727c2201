import AdminProtocol
import Testing

@testable import taglinectl

@Suite struct ReportTests {
  @Test func statusNamesItsUnits() throws {
    let result: JSONValue = [
      "version": "0.1.0", "uptime_s": 90_061, "workers": 2, "snapshot": 7, "sessions": 15,
      "labels": [
        "capacity": 524_279, "live": 12, "embryonic": 3, "closing": 1, "quarantined": 0,
        "free": 524_263,
      ],
    ]
    #expect(
      Report.status(result) == """
        version   0.1.0
        uptime    1 d 1 h 1 min 1 s
        workers   2
        snapshot  7
        sessions  15
        labels    524279 pairs: 12 live, 3 embryonic, 1 closing, 0 quarantined, 524263 free

        """)
  }

  @Test func eachServiceHasItsServersBelow() {
    let result: JSONValue = [
      [
        "name": "web", "address": "203.0.113.10", "protocol": "tcp", "port": 80,
        "algorithm": "wlc", "sessions": 12, "refused": 0,
        "servers": [
          [
            "name": "web1", "address": "192.0.2.11", "state": "ready", "health": "unknown",
            "weight": 1, "sessions": 7, "total_sessions": 20, "response_time_us": 350,
            "request_time_us": 350, "network_time_us": .null, "health_reason": "status 503",
          ]
        ],
      ],
      [
        "name": "dns6", "address": "2001:db8::10", "protocol": "udp", "port": "8000-8099",
        "algorithm": "rr", "sessions": 1, "refused": 4,
        "refused_by": ["sessions_full": 3, "rate": 0, "denied": 1], "servers": [],
      ],
    ]
    let expected = [
      "SERVICE/SERVER  ADDRESS                       ALGORITHM  STATE  HEALTH   WEIGHT  SESSIONS"
        + "  TOTAL  REFUSED  FOR                        RESPONSE (us)  REQUEST (us)  NETWORK (us)  LAST CHECK",
      "web             tcp 203.0.113.10:80           wlc                                      12"
        + "               0",
      "  web1          192.0.2.11                               ready  unknown       1         7"
        + "     20                                                350           350             -  status 503",
      "dns6            udp [2001:db8::10]:8000-8099  rr                                        1"
        + "               4  sessions_full 3, denied 1",
    ]
    #expect(Report.services(result) == expected.map { $0 + "\n" }.joined())
  }

  @Test func aServerHasAllOfItsTimes() {
    let result: JSONValue = [
      [
        "service": "web", "name": "web1", "address": "192.0.2.11", "state": "ready",
        "health": "up", "weight": 1, "sessions": 7, "total_sessions": 20, "response_time_us": 12500,
        "request_time_us": 12500, "network_time_us": 80, "health_reason": "ok",
      ],
      [
        "service": "web", "name": "web2", "address": "192.0.2.12", "state": "drain",
        "health": "unknown", "weight": 10, "sessions": 0, "total_sessions": 0,
        "response_time_us": .null, "request_time_us": .null, "network_time_us": .null,
        "health_reason": .null,
      ],
    ]
    let expected = [
      "SERVICE  SERVER  ADDRESS     STATE  HEALTH   WEIGHT  SESSIONS  TOTAL  RESPONSE (us)"
        + "  REQUEST (us)  NETWORK (us)  LAST CHECK",
      "web      web1    192.0.2.11  ready  up            1         7     20          12500"
        + "         12500            80  ok",
      "web      web2    192.0.2.12  drain  unknown      10         0      0              -"
        + "             -             -  -",
    ]
    #expect(Report.servers(result) == expected.map { $0 + "\n" }.joined())
  }

  @Test func sessionsSayHowManyThereAre() {
    let result: JSONValue = [
      "total": 5,
      "sessions": [
        [
          "service": "web", "server": "web1", "protocol": "tcp", "client": "198.51.100.7",
          "client_port": 4000, "state": "live", "c2s_label": 17, "s2c_label": 18, "age_s": 3.26,
          "idle_s": 0,
        ],
        [
          "service": "web", "server": "web2", "protocol": "udp", "client": "2001:db8::1",
          "client_port": 53, "state": "live", "c2s_label": .null, "s2c_label": .null,
          "age_s": 70.0, "idle_s": 0.04,
        ],
      ],
    ]
    let expected = [
      "SERVICE  SERVER  PROTOCOL  CLIENT             STATE  C2S LABEL  S2C LABEL  AGE (s)  IDLE (s)",
      "web      web1    tcp       198.51.100.7:4000  live          17         18      3.3         0",
      "web      web2    udp       [2001:db8::1]:53   live           -          -       70         0",
      "sessions: 2 of 5 (--limit 5 shows all)",
    ]
    #expect(Report.sessions(result) == expected.map { $0 + "\n" }.joined())
  }

  @Test func labelsHaveTheirWaysInAndOut() {
    let front: JSONValue = ["line_card": "net_pcap0/0", "port": "front"]
    let back: JSONValue = ["line_card": "net_pcap1/0", "port": "back"]
    let pair: [(String, JSONValue)] = [
      ("c2s_label", 17), ("s2c_label", 18), ("state", "live"), ("worker", 0), ("generation", 3),
    ]
    let ways: [(String, JSONValue)] = [("in", front), ("out", back)]
    let nested = JSONValue.object(
      JSONObject(pair + [("c2s", .object(JSONObject(ways))), ("s2c", ["in": back, "out": front])]))
    let nestedText = Report.labels(["total": 1, "labels": [nested]])
    #expect(
      nestedText.contains(
        "  front on net_pcap0/0  back on net_pcap1/0  back on net_pcap1/0  front on net_pcap0/0\n"))
    #expect(nestedText.hasSuffix("\npairs: 1\n"))
    let flat = JSONValue.object(JSONObject(pair + ways))
    #expect(
      Report.labels(["total": 1, "labels": [flat]]) == """
        C2S LABEL  S2C LABEL  STATE  WORKER  GENERATION  IN                    OUT
               17         18  live        0           3  front on net_pcap0/0  back on net_pcap1/0
        pairs: 1

        """)
  }

  static let counters: JSONValue = [
    "rx.packets": 20, "drop.arp": 2, "drop.chain": 0, "label.switched": .unsigned(.max),
  ]

  @Test func countersAreSortedAndZeroHidden() {
    #expect(
      Report.counters(ReportTests.counters, showingAll: false) == """
        COUNTER                        COUNT
        drop.arp                           2  ARP on a port without a kernel twin
        label.switched  18446744073709551615
        rx.packets                        20
        counters that are 0: 1 (--all shows them)

        """)
    let all = Report.counters(ReportTests.counters, showingAll: true)
    #expect(all.contains("\ndrop.chain                         0  "))
    #expect(!all.contains("counters that are 0"))
  }

  @Test func workersStandSideBySide() {
    let result: JSONValue = [
      ["worker": 0, "lcore": 1, "counters": ["rx.packets": 5, "tx.packets": 0, "tx.full": 0]],
      ["worker": 1, "lcore": 2, "counters": ["rx.packets": 15, "tx.packets": 3, "tx.full": 0]],
    ]
    #expect(
      Report.workers(result, showingAll: false) == """
        COUNTER     WORKER 0 (lcore 1)  WORKER 1 (lcore 2)
        rx.packets                   5                  15
        tx.packets                   0                   3
        counters that are 0: 1 (--all shows them)

        """)
  }

  @Test func portsHaveWhateverNumbersThereAre() {
    let result: JSONValue = [
      [
        "name": "front", "device": "net_pcap0", "mac": "02:00:00:00:00:01", "rx_queues": 1,
        "tx_queues": 2, "link": "up at 10 Gbit/s", "mtu": 1500, "mtu_by": "device",
        "mac_filter": "software", "rss": "software", "rss_hash_in_packet": false,
        "labels_on": "one queue, switched there", "checksums": "complete as received",
        "statistics": ["ipackets": 123_456_789, "rx_nombuf": 0],
      ],
      ["name": "back", "ipackets": 7],
    ]
    #expect(
      Report.ports(result) == """
        PORT   DEVICE     MAC                RX QUEUES  TX QUEUES  RSS
        front  net_pcap0  02:00:00:00:00:01          1          2  software
        back   -          -                          -          -  -

        PORT   LINK              MTU  MTU BY  MAC FILTER  LABELS ON                  CHECKSUMS
        front  up at 10 Gbit/s  1500  device  software    one queue, switched there  complete as received
        back   -                   -  -       -           -                          -

        PORT    IPACKETS  RX NOMBUF
        front  123456789          0
        back           7          -

        """)
  }

  @Test func aTraceShowsStepsAndBytes() {
    let result: JSONValue = [
      "active": true, "captured": 1, "wanted": 10, "filter": "tcp port 80",
      "packets": [
        [
          "worker": 0, "time_us": 1_034_567, "port": "front", "length": 18, "outcome": "forwarded",
          "steps": ["inspect: IPv4", "analyse: new session"],
          "before": "000102030405060708090a0b0c0d0e0f1011", "after": .null,
        ]
      ],
    ]
    #expect(
      Report.trace(result) == """
        1 of 10 packets that match 'tcp port 80', waiting for more

        packet 1: 1.034567 s, worker 0, port front, 18 bytes: forwarded
          inspect: IPv4
          analyse: new session
          before
            0x0000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f
            0x0010: 1011

        """)
  }

  @Test func theConfigurationIsPrintedAsItIs() {
    #expect(
      Report.config(["file": "/etc/tagline.yaml", "text": "a: 1\nb: 2"])
        == "# /etc/tagline.yaml\na: 1\nb: 2\n")
  }

  static let strange: [JSONValue] = [
    .null, [], [:], "x", [1, .null, "a", [:]], ["sessions": 1, "labels": [1]],
  ]

  /// An appliance of another version may answer something else; that is shown, not trapped on.
  @Test(arguments: strange)
  func strangeAnswersArePrinted(result: JSONValue) {
    let reports: [(JSONValue) -> String] = [
      Report.status, Report.services, Report.servers, Report.sessions, Report.labels,
      Report.ports, Report.config, Report.trace, Report.reload, Report.serverSet,
      { Report.counters($0, showingAll: true) }, { Report.workers($0, showingAll: false) },
    ]
    for report in reports { #expect(report(result).hasSuffix("\n")) }
  }

  static let capture: JSONValue = [
    "running": true, "state": "running", "file": "/tmp/p", "ports": ["front", "back"],
    "direction": "both", "filter": "tcp", "snap_length": 262_144,
    "limits": ["packets": .null, "seconds": 600, "bytes": 1_073_741_824], "captured": 12,
    "filtered": 3, "lost": 1, "bytes": 4000, "seconds": 2.5, "ended": .null, "error": .null,
  ]

  @Test func aCaptureSaysHowItStands() {
    #expect(
      Report.capture(Self.capture) == """
        state     running
        file      /tmp/p
        ports     front, back, in and out
        filter    tcp
        limits    600 s, 1073741824 bytes
        captured  12 packets, 4000 bytes, in 2.5 s
        filtered  3 packets that the filter did not choose
        lost      1 packets that should be in the file

        """)
    #expect(
      Report.captureStart(Self.capture)
        == "capturing to /tmp/p; end it with: taglinectl capture stop\n")
    #expect(
      Report.capture(["running": false, "state": "none"]) == "nothing was captured yet\n")
  }

  @Test func aCaptureSaysWhyItEnded() {
    let result: JSONValue = [
      "running": false, "state": "ended", "file": "/tmp/p", "ports": ["front"], "direction": "in",
      "filter": "", "limits": ["packets": 5, "seconds": 600, "bytes": 4096], "captured": 2,
      "filtered": 0, "lost": 3, "bytes": 300, "seconds": 1, "ended": "error",
      "error": "/tmp/p cannot be written: No space left on device",
    ]
    #expect(
      Report.capture(result) == """
        state     ended, by an error: /tmp/p cannot be written: No space left on device
        file      /tmp/p
        ports     front, in
        limits    5 packets, 600 s, 4096 bytes
        captured  2 packets, 300 bytes, in 1 s
        filtered  0 packets that the filter did not choose
        lost      3 packets that should be in the file

        """)
    #expect(
      Report.captureStart(["file": "/tmp/p", "state": "waiting"])
        == "capturing to /tmp/p as soon as somebody reads it; end it with: taglinectl capture stop\n"
    )
  }
}
