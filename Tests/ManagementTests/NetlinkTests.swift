import Testing
import Wire

@testable import Management

/// Expected bytes are what pyroute2 0.9.7 encodes and, of the filter, what iproute2's tc 6.1 sends.
@Suite struct NetlinkTests {
  private func hex(_ message: NetlinkMessage, _ sequence: UInt32) -> String {
    message.finished(sequence: sequence).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      .joined()
  }

  private func bytes(_ hex: String) -> ArraySlice<UInt8> {
    let digits = Array(hex.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }[...]
  }

  @Test func asksForANeighbour() throws {
    let address = try #require(IPAddress("192.0.2.11"))
    #expect(
      hex(RouteMessage.resolve(address, link: 7), 3)
        == "2c0000001c000504030000000000000002000000070000000000010008000100c000020b08000f0001000000"
    )
  }

  @Test func forgetsANeighbour() throws {
    let address = try #require(IPAddress("2001:db8::11"))
    #expect(
      hex(RouteMessage.forget(address, link: 7), 4)
        == "300000001d00050004000000000000000a0000000700000000000000"
        + "1400010020010db8000000000000000000000011")
  }

  @Test func addsAnAddress() throws {
    let prefix = try #require(AddressPrefix("192.0.2.1/24"))
    #expect(
      hex(RouteMessage.address(prefix, link: 7, adds: true, makesRoute: true), 1)
        == "30000000140005050100000000000000021800000700000008000200c0000201"
        + "08000100c00002010800080002000000")
  }

  @Test func removesAVirtualAddress() throws {
    let prefix = try #require(AddressPrefix("2001:db8::10/128"))
    #expect(
      hex(RouteMessage.address(prefix, link: 7, adds: false, makesRoute: false), 1)
        == "480000001500050001000000000000000a800000070000001400020020010db8"
        + "0000000000000000000000101400010020010db80000000000000000000000100800080002020000")
  }

  @Test func setsALink() throws {
    let mac = try #require(MACAddress("02:00:00:00:00:01"))
    #expect(
      hex(RouteMessage.setLink(7, mac: mac, mtu: 1500), 9)
        == "3400000010000500090000000000000000000000070000000100000001000000"
        + "0a000100020000000001000008000400dc050000")
  }

  /// The same but for IFF_NOARP, 0x80, in flags and mask (linux/if.h).
  @Test func setsALinkWithoutNeighbours() throws {
    let mac = try #require(MACAddress("02:00:00:00:00:01"))
    #expect(
      hex(RouteMessage.setLink(7, mac: mac, mtu: 1500, resolves: false), 9)
        == "3400000010000500090000000000000000000000070000008100000081000000"
        + "0a000100020000000001000008000400dc050000")
  }

  /// By hand from linux/rtnetlink.h: scope link, no gateway.
  @Test func addsADefaultRouteToALink() {
    #expect(
      hex(RouteMessage.defaultRoute(family: 2, link: 7), 2)
        == "24000000180005040200000000000000" + "02000000fe04fd0100000000" + "0800040007000000")
  }

  @Test func addsADefaultRoute() throws {
    let gateway = try #require(IPAddress("192.0.2.254"))
    #expect(
      hex(RouteMessage.defaultRoute(through: gateway, link: 7, adds: true), 2)
        == "3400000018000505020000000000000002000000fe0400010000000008000400"
        + "0700000008000500c00002fe08000600a0860100")
  }

  @Test func hooksIntoWhatADeviceReceives() {
    #expect(
      hex(RouteMessage.clsact(link: 7, adds: true), 2)
        == "3000000024000506020000000000000000000000070000000000fffff1ffffff"
        + "000000000b000100636c736163740000")
  }

  /// As `tc filter add dev DEV ingress pref 1 handle 1 protocol all bpf bytecode '1,6 0 0 2' da`.
  @Test func dropsWhatADeviceReceives() {
    #expect(
      hex(RouteMessage.ingressDrop(link: 7, adds: true), 5)
        == "4c0000002c000506050000000000000000000000070000000100000" + "0f2ffffff00030100"
        + "08000100627066002000020006000400010000000c0005000600000002000000" + "0800080001000000")
  }

  /// As `tc filter show dev DEV ingress`, but asked of the link whose number is known.
  @Test func asksForFilters() {
    #expect(
      hex(RouteMessage.filters(link: 7, .ingress), 6)
        == "240000002e0001030600000000000000" + "000000000700000000000000f2ffffff00000000")
  }

  // MARK: What the kernel says

  /// What `dropsWhatADeviceReceives` sends, as the kernel tells of it; the others differ in preference,
  /// handle, kind, the instruction's verdict (TC_ACT_OK) or direct action.
  @Test(arguments: [
    (handle: "01000000", info: "00030100", kind: "627066", verdict: "02", direct: "01", true),
    ("01000000", "00030200", "627066", "02", "01", false),
    ("02000000", "00030100", "627066", "02", "01", false),
    ("01000000", "00030100", "753332", "02", "01", false),
    ("01000000", "00030100", "627066", "00", "01", false),
    ("01000000", "00030100", "627066", "02", "00", false),
  ])
  func knowsItsOwnFilter(
    handle: String, info: String, kind: String, verdict: String, direct: String, isOwn: Bool
  ) throws {
    let answer =
      "4c0000002c0002000600000001000000" + "0000000007000000" + handle + "f2ffffff" + info
      + "08000100" + kind + "00" + "20000200" + "0600040001000000" + "0c00050006000000" + verdict
      + "000000" + "08000800" + direct + "000000"
    let messages = Array(NetlinkReader(bytes(answer)))
    let message = try #require(messages.first)
    let filter = try #require(RouteMessage.readFilter(message))
    #expect(filter.isIngressDrop == isOwn)
    #expect(filter.handle == (handle == "01000000" ? 1 : 2))
    #expect(filter.kind == (kind == "627066" ? "bpf" : "u32"))
  }

  private let reachable =
    "4c0000001c000000000000000000000002000000070000000200000108000100c000020b0a000200020000000111"
    + "0000080004000000000014000300000000000000000000000000000000000000"

  /// NUD_REACHABLE with the hardware address, probes and cache information behind it.
  @Test func readsANeighbour() throws {
    var message = bytes(reachable)
    message[message.startIndex] = UInt8(message.count)
    let changes = NetlinkReader(message).compactMap { NeighbourChange($0) }
    #expect(
      changes == [
        NeighbourChange(
          link: 7, address: try #require(IPAddress("192.0.2.11")),
          state: .found(try #require(MACAddress("02:00:00:00:01:11"))))
      ])
  }

  private static let found = NextHopState.found(MACAddress(word: 0x1101_0000_0002))

  /// Linux's NUD_* states: which say that the hardware address may be used, and which, FAILED alone,
  /// that nobody answered.
  @Test(
    arguments: [
      (0x00, .sought), (0x01, .sought), (0x02, found), (0x04, found), (0x08, found), (0x10, found),
      (0x20, .silent), (0x40, found), (0x80, found),
    ] as [(Int, NextHopState)])
  func knowsWhatStatesSay(state: Int, says: NextHopState) throws {
    var message = bytes(reachable)
    message[message.startIndex] = UInt8(message.count)
    message[message.startIndex + 24] = UInt8(state)
    let change = try #require(NetlinkReader(message).compactMap { NeighbourChange($0) }.first)
    #expect(change.state == says)
    // RTM_DELNEIGH: forgotten, whatever the state was.
    message[message.startIndex + 4] = 29
    #expect(NetlinkReader(message).compactMap { NeighbourChange($0) }.first?.state == .sought)
  }

  @Test func readsErrorsAndSeveralMessages() {
    let refusal = "24000000020000000500000000000000efffffff" + "1000000014000505050000000000000000"
    var two = bytes(refusal.prefix(72) + "")
    two += bytes("14000000030002000600000000000000" + "00000000")
    let read = Array(NetlinkReader(two))
    #expect(read.map(\.sequence) == [5, 6])
    #expect(read.first?.errorCode == 17)  // EEXIST
    #expect(read.last?.type == NetlinkReader.Message.done)
  }

  /// Nothing that is cut short is read past its end.
  @Test func readsNothingBehindTheEnd() {
    var message = bytes(reachable)
    message[message.startIndex] = UInt8(message.count)
    for count in 0..<message.count {
      #expect(NetlinkReader(message.prefix(count)).compactMap { NeighbourChange($0) }.isEmpty)
    }
    // A whole message whose attribute claims more than there is.
    message[message.startIndex + 28] = 0xff
    #expect(NetlinkReader(message).compactMap { NeighbourChange($0) }.isEmpty)
  }
}
