import Testing

@testable import Management

@Suite struct ConfigurationErrorTests {
  @Test func theTextToSpoilIsRight() {
    #expect(refusals(rightConfiguration) == [])
  }

  @Test(
    arguments: [
      Spoiled(
        "workers: 2", "workers: 0",
        "t.yaml:1:10: workers is \"0\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: 65",
        "t.yaml:1:10: workers is \"65\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: 99999999999999999999",
        "t.yaml:1:10: workers is \"99999999999999999999\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: -1",
        "t.yaml:1:10: workers is \"-1\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: 0x2",
        "t.yaml:1:10: workers is \"0x2\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: 02",
        "t.yaml:1:10: workers is \"02\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: 2.0",
        "t.yaml:1:10: workers is \"2.0\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: '2'",
        "t.yaml:1:10: workers is the text \"2\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: true",
        "t.yaml:1:10: workers is \"true\"; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers:",
        "t.yaml:1:9: workers is empty; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: [2]",
        "t.yaml:1:10: workers is a list; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "workers: {a: 2}",
        "t.yaml:1:10: workers is a mapping; expected a whole number, 1 to 64"),
      Spoiled(
        "workers: 2", "sessions-per-worker: 67108865",
        "t.yaml:1:22: sessions-per-worker is \"67108865\"; expected a whole number, 1 to 67108864"),
      Spoiled(
        "workers: 2", "answers-per-second: 1000001",
        "t.yaml:1:21: answers-per-second is \"1000001\"; expected a whole number, 0 to 1000000"),
      Spoiled(
        "workers: 2", "memory: {hugepages: yes}",
        "t.yaml:1:21: hugepages is \"yes\"; expected auto, required or none"),
      Spoiled(
        "workers: 2", "memory: {mbufs: 511}",
        "t.yaml:1:17: mbufs is \"511\"; expected a whole number, 512 to 16777216"),
      Spoiled(
        "workers: 2", "memory: auto",
        "t.yaml:1:9: memory is \"auto\"; expected a mapping with hugepages, mbufs"),
      Spoiled(
        "workers: 2", "admin: {socket: ''}",
        "t.yaml:1:17: socket is empty; expected a path of at most 107 bytes"),
      Spoiled(
        "workers: 2", "metrics: 127.0.0.1",
        "t.yaml:1:10: metrics is \"127.0.0.1\"; expected ADDRESS:PORT such as 127.0.0.1:9464"),
      Spoiled(
        "workers: 2", "metrics: ::1:9464",
        "t.yaml:1:10: metrics is \"::1:9464\"; expected ADDRESS:PORT such as 127.0.0.1:9464"),
      Spoiled(
        "workers: 2", "metrics: 127.0.0.1:65536",
        "t.yaml:1:10: metrics is \"127.0.0.1:65536\"; "
          + "expected ADDRESS:PORT such as 127.0.0.1:9464"),
    ]) func top(_ spoiled: Spoiled)
  { spoiled.check() }

  @Test(
    arguments: [
      "16-1001", "17-1000", "18-1001", "15-1001", "1001-17", "17-1048575", "17", "17-", "any",
      "17 - 1001", "17-1001-1003",
    ]) func labelRanges(_ range: String)
  {
    Spoiled(
      "range: 17-1001", "range: \(range)",
      "t.yaml:3:10: range is \"\(range)\"; expected LOW-HIGH, both odd, within 17-1048573"
    ).check()
  }

  @Test(
    arguments: [
      "1", "0", "s", "1x", "1 s", "-1s", "1.5s", "1s1m", "1m1m", "01s", "169h", "1h1",
      "99999999999999999999s", "9223372036854775807h",
    ]) func durations(_ duration: String)
  {
    Spoiled(
      "quarantine: 1s", "quarantine: \(duration)",
      "t.yaml:4:15: quarantine is \"\(duration)\"; "
        + "expected a duration such as 500ms, 15m or 1m30s, 0s to 168h"
    ).check()
  }

  @Test(
    arguments: [
      ("0s", 0), ("500ms", 500), ("1s", 1000), ("15m", 900_000), ("2h", 7_200_000),
      ("1m30s", 90_000), ("1h2m3s4ms", 3_723_004), ("'90s'", 90_000), ("168h", 604_800_000),
    ]) func rightDurations(_ duration: String, milliseconds: Int) throws
  {
    let text = rightConfiguration.replacing("quarantine: 1s", with: "quarantine: \(duration)")
    #expect(try readRight(text).labels.quarantine == .milliseconds(milliseconds))
  }

  @Test(
    arguments: [
      Spoiled(
        "quarantine: 1s", "embryonic-share: 0",
        "t.yaml:4:20: embryonic-share is \"0\"; expected a whole number, 1 to 100"),
      Spoiled(
        "quarantine: 1s", "embryonic-share: 101",
        "t.yaml:4:20: embryonic-share is \"101\"; expected a whole number, 1 to 100"),
      Spoiled(
        "quarantine: 1s", "first: last",
        "t.yaml:4:10: first is \"last\"; expected random or lowest"),
      Spoiled(
        "quarantine: 1s", "unknown: ignore",
        "t.yaml:4:12: unknown is \"ignore\"; expected analyse or discard"),
      Spoiled(
        "quarantine: 1s", "guard: none",
        "t.yaml:4:10: guard is \"none\"; expected flow or port"),
      Spoiled(
        "range: 17-1001", "range: 17-17",
        "t.yaml:3:10: the range holds too few pairs of labels, 1 for 2 workers; "
          + "expected at least one a worker"),
      Spoiled(
        "labels:\n  range", "timeouts: {udp: 0s, tcp-closing: 30}\nlabels:\n  range",
        "t.yaml:2:17: udp is \"0s\"; "
          + "expected a duration such as 500ms, 15m or 1m30s, 1ms to 168h",
        "t.yaml:2:34: tcp-closing is \"30\"; "
          + "expected a duration such as 500ms, 15m or 1m30s, 1ms to 168h"),
    ]) func labels(_ spoiled: Spoiled)
  { spoiled.check() }

  @Test(
    arguments: [
      Spoiled(
        "name: front", "name: back",
        "t.yaml:11:11: the port name \"back\" is taken; expected another than that of line 6"),
      Spoiled(
        "name: front", "name: a/b",
        "t.yaml:6:11: name is \"a/b\"; "
          + "expected a name of 1 to 64 characters without spaces and \"/\""),
      Spoiled(
        "name: front", "name: a b",
        "t.yaml:6:11: name is \"a b\"; "
          + "expected a name of 1 to 64 characters without spaces and \"/\""),
      Spoiled(
        "name: front\n    device: net_null0", "name: front",
        "t.yaml:6:5: port has no device; "
          + "expected device: a PCI address or a DPDK device such as net_pcap0,iface=eth0"),
      Spoiled(
        "device: net_null0", "device: \"\"",
        "t.yaml:7:13: device is empty; "
          + "expected a PCI address or a DPDK device such as net_pcap0,iface=eth0"),
      Spoiled(
        "device: net_null1", "device: net_null0",
        "t.yaml:12:13: the device \"net_null0\" is taken; expected another than that of line 7"),
      Spoiled(
        "side: client", "side: left",
        "t.yaml:8:11: side is \"left\"; expected client, server or both"),
      Spoiled(
        "side: client", "side: server",
        "t.yaml:6:3: no port faces clients; expected a port with side client or both"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "mac: 01:00:5e:00:00:01",
        "t.yaml:9:10: mac 01:00:5e:00:00:01 is a multicast address; "
          + "expected a unicast Ethernet address such as 02:00:00:00:00:01"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "mac: 00:00:00:00:00:00",
        "t.yaml:9:10: mac 00:00:00:00:00:00 is a zero address; "
          + "expected a unicast Ethernet address such as 02:00:00:00:00:01"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "mac: 02-00-00-00-00-01",
        "t.yaml:9:10: mac is \"02-00-00-00-00-01\"; "
          + "expected a unicast Ethernet address such as 02:00:00:00:00:01"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "mtu: 575",
        "t.yaml:9:10: mtu is \"575\"; expected a whole number, 576 to 9216"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "mtu: 9217",
        "t.yaml:9:10: mtu is \"9217\"; expected a whole number, 576 to 9216"),
      Spoiled(
        "mac: 02:00:00:00:00:01", "vlan: 4095",
        "t.yaml:9:11: vlan is \"4095\"; expected a whole number, 0 to 4094"),
      Spoiled(
        "address: [192.0.2.1/24]", "address: []",
        "t.yaml:10:14: address is an empty list; expected a list of addresses such as 192.0.2.1/24"
      ),
      Spoiled(
        "address: [192.0.2.1/24]", "address: 192.0.2.1/24",
        "t.yaml:10:14: address is \"192.0.2.1/24\"; "
          + "expected a list of addresses such as 192.0.2.1/24"),
      Spoiled(
        "address: [192.0.2.1/24]", "address: [192.0.2.1/24, 192.0.2.1/33, 192.0.2.1, '::1/129']",
        "t.yaml:10:29: address is \"192.0.2.1/33\"; "
          + "expected a host's address with its prefix length, such as 192.0.2.1/24",
        "t.yaml:10:43: address is \"192.0.2.1\"; "
          + "expected a host's address with its prefix length, such as 192.0.2.1/24",
        "t.yaml:10:54: address is \"::1/129\"; "
          + "expected a host's address with its prefix length, such as 192.0.2.1/24"),
      Spoiled(
        "mac: 02:00:00:00:00:fe", "{}",
        "t.yaml:15:7: gateway has neither mac nor address; expected one of them"),
      Spoiled(
        "mac: 02:00:00:00:00:fe", "{mac: 02:00:00:00:00:fe, address: 192.0.2.9}",
        "t.yaml:15:41: gateway has both mac and address; expected one of them"),
    ]) func ports(_ spoiled: Spoiled)
  { spoiled.check() }
}
