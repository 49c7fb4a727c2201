import Testing
import Wire

@testable import Sessions

/// A session and the packets that it sees. Client numbers start at 1000, server numbers at 5000.
private final class Conversation {
  let record: UnsafeMutablePointer<SessionRecord>

  init(_ flags: UInt16 = 0) {
    record = .allocate(capacity: 1)
    record.initialize(to: SessionRecord(FlowTuple(number: 0), hash: 0))
    record.pointee.set(flags)
  }

  deinit { record.deallocate() }

  var state: SessionState { record.pointee.state }

  func client(
    _ flags: UInt8, _ sequence: UInt32 = 1001, _ acknowledgement: UInt32 = 5001,
    payload: UInt32 = 0, now: UInt32 = 1
  ) -> SessionEvent {
    SessionTracker.observeTCP(
      record, isC2S: true, flags: flags, sequence: sequence, acknowledgement: acknowledgement,
      payloadLength: payload, now: now)
  }

  func server(
    _ flags: UInt8, _ sequence: UInt32 = 5001, _ acknowledgement: UInt32 = 1001,
    payload: UInt32 = 0, now: UInt32 = 1
  ) -> SessionEvent {
    SessionTracker.observeTCP(
      record, isC2S: false, flags: flags, sequence: sequence, acknowledgement: acknowledgement,
      payloadLength: payload, now: now)
  }

  /// SYN, SYN-ACK, ACK.
  func establish() {
    #expect(client(syn, 1000) == .none)
    #expect(server(synAck, 5000) == .none)
    #expect(client(ack) == .promote)
    #expect(state == .live)
  }
}

private let syn = TCPFlags.syn
private let ack = TCPFlags.ack
private let fin = TCPFlags.fin | TCPFlags.ack
private let rst = TCPFlags.rst
private let synAck = TCPFlags.syn | TCPFlags.ack

@Suite struct SessionStartTests {
  @Test func handshake() {
    let session = Conversation(SessionFlags.serverLabelled)
    session.establish()
    #expect(session.record.pointee.has(SessionFlags.wasLive))
    #expect(session.client(ack, 1001, payload: 100) == .none)
    #expect(session.server(ack, payload: 100) == .none)
    #expect(session.state == .live)
  }

  /// (serverISN, serverNext]: 5000 is before it, 5001 the SYN-ACK's, 5002 was never sent.
  @Test(
    arguments: [
      (5000, .none), (5001, .promote), (5002, .none), (4999, .none), (0, .none),
      (5000 &+ 0x8000_0000, .none),
    ] as [(UInt32, SessionEvent)])
  func theAcknowledgementIsChecked(number: UInt32, event: SessionEvent) {
    let session = Conversation(SessionFlags.serverLabelled)
    #expect(session.client(syn, 1000) == .none)
    #expect(session.server(synAck, 5000) == .none)
    #expect(session.client(ack, 1001, number) == event)
    #expect(session.state == (event == .promote ? .live : .embryonic))
  }

  @Test(arguments: [
    (UInt8(0), SessionEvent.none),  // the number without ACK means nothing
    (TCPFlags.syn | TCPFlags.ack, .none),
    (TCPFlags.rst | TCPFlags.ack, .reset),
    (TCPFlags.ack, .promote),
  ])
  func onlyAnAckPromotes(flags: UInt8, event: SessionEvent) {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    _ = session.server(synAck, 5000)
    #expect(session.client(flags, 1001, 5001) == event)
  }

  /// What the server sends before the client's ACK may be acknowledged by it too.
  @Test(
    arguments: [
      (5001, .promote), (5101, .promote), (5301, .promote), (5302, .none), (5000, .none),
    ] as [(UInt32, SessionEvent)])
  func serverDataBeforeTheAck(number: UInt32, event: SessionEvent) {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    _ = session.server(synAck, 5000, payload: 100)
    #expect(session.server(ack, 5101, payload: 200) == .none)
    // Retransmissions take nothing back.
    #expect(session.server(synAck, 5000) == .none)
    #expect(session.server(ack, 5101, payload: 50) == .none)
    #expect(session.client(ack, 1001, number) == event)
  }

  @Test func numbersWrap() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, .max)
    #expect(session.record.pointee.clientISN == .max && session.record.pointee.clientNext == 0)
    _ = session.server(synAck, .max)
    #expect(session.client(ack, 0, .max) == .none)
    #expect(session.client(ack, 0, 1) == .none)
    #expect(session.server(ack, 0, payload: 1) == .none)
    #expect(session.client(ack, 0, 1) == .promote)
  }

  @Test func anotherSynAckReplacesTheFirst() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    _ = session.server(synAck, 5000)
    _ = session.server(synAck, 9000)
    #expect(session.client(ack, 1001, 5001) == .none)
    #expect(session.client(ack, 1001, 9001) == .promote)
  }

  /// A server that is no label endpoint may answer past the appliance: [ISN + 1, next] of the
  /// client's own numbers then.
  @Test(
    arguments: [
      (1000, .none), (1001, .promote), (1011, .promote), (1012, .none),
    ] as [(UInt32, SessionEvent)])
  func withoutASynAck(sequence: UInt32, event: SessionEvent) {
    let session = Conversation()
    _ = session.client(syn, 1000, payload: 10)
    #expect(session.client(ack, sequence, 77) == event)
  }

  @Test func withoutASynAckALabelEndpointIsNotBelieved() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    #expect(session.client(ack, 1001, 5001) == .none)
    #expect(session.state == .embryonic)
  }

  /// Once a SYN-ACK is seen, its number counts for plain servers too.
  @Test func aPlainServerSeen() {
    let session = Conversation()
    _ = session.client(syn, 1000)
    _ = session.server(synAck, 5000)
    #expect(session.client(ack, 1001, 77) == .none)
    #expect(session.client(ack, 1001, 5001) == .promote)
  }

  @Test func anotherSynReplacesTheFirst() {
    let session = Conversation()
    _ = session.client(syn, 1000)
    _ = session.client(syn, 3000)
    #expect(session.client(ack, 1001) == .none)
    #expect(session.client(ack, 3001) == .promote)
  }

  /// Without a SYN there is nothing that an ACK could follow.
  @Test func anAckAloneDoesNotPromote() {
    let session = Conversation()
    #expect(session.client(ack, 1) == .none)
    #expect(session.client(ack, 0) == .none)
    #expect(session.server(ack) == .none)
    #expect(session.client(ack, 1) == .none)
  }

  @Test func rebuiltByBothDirections() {
    let first = Conversation(SessionFlags.rebuilt | SessionFlags.serverLabelled)
    #expect(first.client(ack, payload: 5) == .none)
    #expect(first.client(ack, payload: 5) == .none)
    #expect(first.server(ack) == .promote)
    let second = Conversation(SessionFlags.rebuilt | SessionFlags.serverLabelled)
    #expect(second.server(ack, payload: 5) == .none)
    #expect(second.client(ack) == .promote)
  }

  @Test func rebuiltNotByARst() {
    let session = Conversation(SessionFlags.rebuilt)
    #expect(session.client(ack, payload: 5) == .none)
    #expect(session.server(rst) == .reset)
    #expect(session.state == .embryonic)
    // What was seen before the RST counts no more.
    #expect(session.server(ack) == .none)
    #expect(session.client(ack) == .promote)
    #expect(!session.record.pointee.has(SessionFlags.resetSeen))
  }

  /// A blind sender cannot make a session live by first sending data and then a SYN.
  @Test func aSynTurnsARebuiltSessionIntoAHandshake() {
    let session = Conversation(SessionFlags.rebuilt | SessionFlags.serverLabelled)
    #expect(session.client(ack, payload: 5) == .none)
    #expect(session.client(syn, 1000) == .none)
    // A challenge ACK (RFC 5961 4.2), and an answer to it.
    #expect(session.server(ack) == .none)
    #expect(session.client(ack, 1001, 1234) == .none)
    #expect(session.server(synAck, 5000) == .none)
    #expect(session.client(ack, 1001, 1234) == .none)
    #expect(session.server(ack) == .none)
    #expect(session.state == .embryonic)
    #expect(session.client(ack, 1001, 5001) == .promote)
  }

  /// Rebuilt from the SYN-ACK to a SYN that left no state: its number is known and is asked for.
  @Test func rebuiltFromASynAck() {
    let session = Conversation(SessionFlags.rebuilt | SessionFlags.serverLabelled)
    #expect(session.server(synAck, 5000) == .none)
    #expect(session.client(ack, 1001, 1234) == .none)
    #expect(session.server(ack) == .none)
    #expect(session.client(ack, 1001, 5001) == .promote)
  }

  @Test func aRstLeavesItEmbryonic() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    #expect(session.server(rst | ack) == .reset)
    #expect(session.state == .embryonic)
    // A forged one kills nothing: the handshake goes on.
    #expect(session.server(synAck, 5000) == .none)
    #expect(session.client(ack) == .promote)
  }

  @Test func udp() {
    let session = Conversation()
    func client() -> SessionEvent { SessionTracker.observeUDP(session.record, isC2S: true) }
    func server() -> SessionEvent { SessionTracker.observeUDP(session.record, isC2S: false) }
    #expect(client() == .none)
    #expect(client() == .none)
    #expect(server() == .none)
    #expect(server() == .none)
    #expect(session.state == .embryonic)
    #expect(client() == .promote)
    #expect(session.state == .live)
    #expect(client() == .none)
    #expect(server() == .none)
    session.record.pointee.state = .closing
    #expect(client() == .none)
    #expect(server() == .none)
    #expect(session.state == .closing)
  }

  @Test func rebuiltUDP() {
    let session = Conversation(SessionFlags.rebuilt)
    #expect(SessionTracker.observeUDP(session.record, isC2S: true) == .none)
    #expect(SessionTracker.observeUDP(session.record, isC2S: false) == .promote)
  }
}

@Suite struct SessionEndTests {
  @Test func finBothWays() {
    for clientFirst in [true, false] {
      let session = Conversation()
      session.establish()
      #expect((clientFirst ? session.client(fin) : session.server(fin)) == .none)
      // The same one again is not the other one.
      #expect((clientFirst ? session.client(fin) : session.server(fin)) == .none)
      #expect(session.state == .live)
      #expect((clientFirst ? session.server(fin) : session.client(fin)) == .close)
      #expect(session.state == .closing)
    }
  }

  @Test func afterFinNothingReopens() {
    let session = Conversation()
    session.establish()
    _ = session.client(fin)
    #expect(session.server(fin) == .close)
    for _ in 0..<2 {
      #expect(session.client(ack) == .none)
      #expect(session.server(ack) == .none)
      #expect(session.client(fin) == .none)
      #expect(session.client(rst) == .none)
      #expect(SessionTracker.observeSwitched(session.record, c2s: true, s2c: true) == .none)
    }
    #expect(session.state == .closing)
  }

  @Test func finWhileEmbryonic() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    _ = session.server(synAck, 5000)
    #expect(session.server(fin) == .none)
    // The last segment of the handshake is the second FIN too: it ends.
    #expect(session.client(fin, 1001, 5002) == .close)
    #expect(session.state == .closing)
    #expect(session.record.pointee.has(SessionFlags.wasLive))
    let other = Conversation(SessionFlags.serverLabelled)
    #expect(other.client(fin) == .none)
    // Nobody has shown that there is a connection: it is not closing, which would be switched.
    #expect(other.server(fin) == .none)
    #expect(other.state == .embryonic)
    #expect(!other.record.pointee.has(SessionFlags.wasLive))
  }

  /// A RST and FINs that came while it was embryonic bring it no further.
  @Test func anEarlyRstDoesNotReopenLater() {
    let session = Conversation(SessionFlags.serverLabelled)
    _ = session.client(syn, 1000)
    #expect(session.server(rst) == .reset)
    #expect(session.client(fin) == .none)
    #expect(session.server(fin) == .none)
    #expect(session.client(ack) == .none)
    #expect(session.server(ack) == .none)
    #expect(SessionTracker.observeSwitched(session.record, c2s: true, s2c: true) == .none)
    #expect(session.state == .embryonic)
  }

  @Test func resetMakesItClosing() {
    for byClient in [true, false] {
      let session = Conversation()
      session.establish()
      let event =
        byClient
        ? session.client(rst, now: 42) : session.server(rst | ack, now: 42)
      #expect(event == .reset)
      #expect(session.state == .closing)
      #expect(session.record.pointee.resetAt == 42)
      #expect(session.record.pointee.has(SessionFlags.resetSeen))
    }
  }

  @Test func trafficOneWayAfterARst() {
    let session = Conversation()
    session.establish()
    _ = session.client(ack)
    _ = session.server(ack)
    #expect(session.client(rst) == .reset)
    for _ in 0..<5 { #expect(session.server(ack, payload: 100) == .none) }
    #expect(session.client(rst) == .none)
    // A SYN is no traffic.
    #expect(session.client(syn, 7000) == .none)
    #expect(session.state == .closing)
  }

  @Test func trafficBothWaysAfterARst() {
    for clientFirst in [true, false] {
      let session = Conversation()
      session.establish()
      #expect(session.server(rst) == .reset)
      #expect((clientFirst ? session.client(ack) : session.server(ack)) == .none)
      // Another forged one in between is of no use.
      #expect(session.server(rst) == .none)
      #expect((clientFirst ? session.server(ack) : session.client(ack)) == .reopen)
      #expect(session.state == .live)
      #expect(!session.record.pointee.has(SessionFlags.resetSeen))
      // The next RST asks for new traffic.
      #expect(session.client(rst) == .reset)
      #expect(session.client(ack) == .none)
      #expect(session.state == .closing)
    }
  }

  @Test func switchedTrafficAfterARst() {
    let session = Conversation()
    session.establish()
    #expect(SessionTracker.observeSwitched(session.record, c2s: true, s2c: true) == .none)
    #expect(session.server(rst) == .reset)
    #expect(SessionTracker.observeSwitched(session.record, c2s: false, s2c: false) == .none)
    #expect(SessionTracker.observeSwitched(session.record, c2s: true, s2c: false) == .none)
    #expect(session.state == .closing)
    #expect(SessionTracker.observeSwitched(session.record, c2s: false, s2c: true) == .reopen)
    #expect(session.state == .live)
  }

  /// Analysed one way and switched the other.
  @Test func mixedTrafficAfterARst() {
    let session = Conversation()
    session.establish()
    #expect(session.server(rst) == .reset)
    #expect(session.client(ack) == .none)
    #expect(SessionTracker.observeSwitched(session.record, c2s: false, s2c: true) == .reopen)
  }

  @Test func finBothWaysAfterARst() {
    let session = Conversation()
    session.establish()
    #expect(session.client(fin) == .none)
    #expect(session.client(rst) == .reset)
    #expect(session.server(fin) == .none)
    #expect(session.client(ack) == .none)
    #expect(session.server(ack) == .none)
    #expect(SessionTracker.observeSwitched(session.record, c2s: true, s2c: true) == .none)
    #expect(session.state == .closing)
  }

  /// An operator's withdrawal: closing, and no RST was seen.
  @Test func withdrawnIsNotReopened() {
    let session = Conversation()
    session.establish()
    session.record.pointee.state = .closing
    #expect(session.client(ack) == .none)
    #expect(session.server(ack) == .none)
    #expect(session.client(rst) == .none)
    #expect(session.client(ack) == .none)
    #expect(session.server(ack) == .none)
    #expect(session.state == .closing)
  }
}
