import Testing
import Wire

@testable import Sessions

/// A sampled session of which the handshake was seen: the client's next number is 1001, the
/// server's 5001.
private final class Exchange {
  let record: UnsafeMutablePointer<SessionRecord>

  init() {
    record = .allocate(capacity: 1)
    record.initialize(to: SessionRecord(FlowTuple(number: 0), hash: 0))
    record.pointee.clientNext = 1001
    record.pointee.serverNext = 5001
    record.pointee.state = .sampled
  }

  deinit { record.deallocate() }

  var count: UInt8 { record.pointee.exchangeCount }

  func client(
    _ sequence: UInt32, _ payload: UInt32, _ acknowledgement: UInt32 = 5001, _ flags: UInt8 = push
  ) -> ExchangeEvent {
    ExchangeTracker.observeTCP(
      record, isC2S: true, flags: flags, sequence: sequence, acknowledgement: acknowledgement,
      payloadLength: payload)
  }

  func server(
    _ sequence: UInt32, _ payload: UInt32, _ acknowledgement: UInt32, _ flags: UInt8 = push
  ) -> ExchangeEvent {
    ExchangeTracker.observeTCP(
      record, isC2S: false, flags: flags, sequence: sequence, acknowledgement: acknowledgement,
      payloadLength: payload)
  }

  func client() -> ExchangeEvent { ExchangeTracker.observeUDP(record, isC2S: true) }
  func server() -> ExchangeEvent { ExchangeTracker.observeUDP(record, isC2S: false) }
}

private let ack = TCPFlags.ack
private let push = TCPFlags.ack | TCPFlags.psh
private let fin = TCPFlags.ack | TCPFlags.fin
private let pushFin = TCPFlags.ack | TCPFlags.psh | TCPFlags.fin

/// Requests of 100 bytes, responses of 1000.
@Suite struct ExchangeTrackerTests {
  @Test func oneExchangeAfterTheOther() {
    let exchange = Exchange()
    for turn in 0..<6 as Range<UInt32> {
      let sequence = 1001 + 100 * turn
      let answer = 5001 + 1000 * turn
      #expect(exchange.client(sequence, 0, answer, ack) == .none)
      #expect(exchange.client(sequence, 100, answer) == .request)
      #expect(exchange.server(answer, 0, sequence + 100, ack) == .none)
      #expect(exchange.server(answer, 400, sequence + 100, ack) == .response)
      #expect(exchange.server(answer + 400, 600, sequence + 100) == .none)
      #expect(exchange.count == UInt8(turn + 1))
    }
  }

  /// Over the end of the sequence numbers.
  @Test func sequenceNumbersWrap() {
    let exchange = Exchange()
    exchange.record.pointee.clientNext = 0xffff_ffd0
    exchange.record.pointee.serverNext = 0xffff_fff0
    #expect(exchange.client(0xffff_ffd0, 100, 0xffff_fff0) == .request)
    #expect(exchange.server(0xffff_fff0, 1000, 52) == .response)
    #expect(exchange.client(52, 100, 984) == .request)
    #expect(exchange.server(984, 1, 152) == .response)
  }

  /// Time begins with the segment that makes the request whole.
  @Test func aRequestOfSeveralSegments() {
    let exchange = Exchange()
    #expect(exchange.client(1001, 1448, 5001, ack) == .none)
    #expect(exchange.server(5001, 0, 2449, ack) == .none)
    #expect(exchange.client(2449, 300) == .request)
    #expect(exchange.server(5001, 1000, 2749) == .response)
  }

  /// Karn: of two copies either may be answered.
  @Test func aRequestThatIsSentAgain() {
    let whole = Exchange()
    #expect(whole.client(1001, 100) == .request)
    #expect(whole.client(1001, 100) == .end)
    let part = Exchange()
    #expect(part.client(1001, 1448, 5001, ack) == .none)
    #expect(part.client(1001, 1448, 5001, ack) == .end)
    // The first copy was lost on its way here.
    let late = Exchange()
    #expect(late.client(2449, 300) == .end)
  }

  @Test func whatTheServerSendsAgainIsNoResponse() {
    let exchange = Exchange()
    #expect(exchange.client(1001, 100) == .request)
    #expect(exchange.server(5001, 1000, 1101) == .response)
    #expect(exchange.client(1101, 100, 6001) == .request)
    #expect(exchange.server(5001, 1000, 1201) == .none)
    // A keep-alive probe with its byte (RFC 9293 3.8.4).
    #expect(exchange.server(6000, 1, 1201, ack) == .none)
    #expect(exchange.server(6001, 1000, 1201) == .response)
    #expect(exchange.count == 2)
  }

  /// The beginning of the response did not come by.
  @Test func aResponseWithAHole() {
    let exchange = Exchange()
    #expect(exchange.client(1001, 100) == .request)
    #expect(exchange.server(6449, 1000, 1101) == .end)
  }

  /// More is asked before there is an answer, or before all of it has come.
  @Test func pipelinedRequests() {
    let waiting = Exchange()
    #expect(waiting.client(1001, 100) == .request)
    #expect(waiting.client(1101, 100) == .end)
    let answered = Exchange()
    #expect(answered.client(1001, 100) == .request)
    #expect(answered.server(5001, 1000, 1101, ack) == .response)
    #expect(answered.server(6001, 1000, 1101) == .none)
    #expect(answered.client(1101, 100, 6001) == .end)
  }

  /// A greeting is no answer, whether it comes first or crosses the request.
  @Test func theServerSpeaksFirst() {
    let exchange = Exchange()
    #expect(exchange.server(5001, 80, 1001) == .none)
    #expect(exchange.client(1001, 100, 5081) == .request)
    #expect(exchange.server(5081, 20, 1101) == .response)
    #expect(exchange.count == 1)
    let crossing = Exchange()
    #expect(crossing.client(1001, 100) == .request)
    #expect(crossing.server(5001, 80, 1001) == .end)
  }

  @Test func anAnswerToPartOfARequest() {
    let exchange = Exchange()
    #expect(exchange.client(1001, 1448, 5001, ack) == .none)
    #expect(exchange.server(5001, 100, 2449) == .end)
  }

  /// A FIN makes a request whole; the answer may acknowledge it or not.
  @Test(arguments: [1101, 1102] as [UInt32])
  func halfClose(acknowledgement: UInt32) {
    let together = Exchange()
    #expect(together.client(1001, 100, 5001, fin) == .request)
    #expect(together.server(5001, 1000, acknowledgement, pushFin) == .response)
    let apart = Exchange()
    #expect(apart.client(1001, 100) == .request)
    #expect(apart.client(1101, 0, 5001, fin) == .none)
    #expect(apart.server(5001, 1000, acknowledgement) == .response)
    // Nothing was asked, so nothing will be.
    #expect(Exchange().client(1001, 0, 5001, fin) == .end)
  }

  @Test func whatSaysNothing() {
    let exchange = Exchange()
    #expect(exchange.client(1001, 100) == .request)
    #expect(exchange.server(9000, 100, 0, TCPFlags.rst) == .none)
    #expect(exchange.client(1, 0, 0, TCPFlags.syn) == .none)
    #expect(exchange.server(5000, 0, 1001, TCPFlags.syn | ack) == .none)
    // An ACK flag is what makes the number one.
    #expect(exchange.server(5001, 100, 1101, TCPFlags.psh) == .end)
  }

  /// What the server sends is followed on, so that it is known when the client has got all.
  @Test func over() {
    let exchange = Exchange()
    exchange.record.pointee.exchangePhase = .over
    #expect(exchange.client(1001, 100) == .none)
    #expect(exchange.server(5001, 1000, 1101) == .none)
    func isQuiet(_ isC2S: Bool, _ flags: UInt8, _ acknowledgement: UInt32) -> Bool {
      ExchangeTracker.isQuiet(
        exchange.record, isC2S: isC2S, flags: flags, acknowledgement: acknowledgement)
    }
    #expect(isQuiet(true, ack, 6001))
    #expect(!isQuiet(true, ack, 6000) && !isQuiet(true, 0, 6001) && !isQuiet(false, ack, 6001))
    #expect(exchange.count == 0)
  }

  @Test func datagrams() {
    let exchange = Exchange()
    #expect(exchange.client() == .request)
    #expect(exchange.server() == .response)
    #expect(exchange.client() == .request)
    #expect(exchange.server() == .response)
    #expect(exchange.count == 2)
    // Not in turn: sent again, or a stream.
    #expect(exchange.server() == .end)
    let again = Exchange()
    #expect(again.client() == .request)
    #expect(again.client() == .end)
  }
}
