import Testing

@testable import Wire

/// An error on its way from a router to the service: the quoted packet went from the service (port
/// 80 or 53) to the client.
private func error4(
  _ quote: [UInt8], type: UInt8 = 3, destination: [UInt8] = Host.service4,
  fragmentField: UInt16 = 0
) -> [UInt8] {
  ipv4(
    icmp(type: type, body: quote), protocolNumber: 1, source: [192, 0, 2, 1],
    destination: destination, fragmentField: fragmentField)
}

private func quote4(
  _ payload: [UInt8], protocolNumber: UInt8 = 6, options: [UInt8] = [], version: UInt8 = 4,
  headerWords: UInt8? = nil, fragmentField: UInt16 = 0
) -> [UInt8] {
  ipv4(
    payload, protocolNumber: protocolNumber, source: Host.service4, destination: Host.client4,
    options: options, version: version, headerWords: headerWords, fragmentField: fragmentField)
}

private let router6 = hex("20010db8 00020000 00000000 00000001")

private func error6(
  _ quote: [UInt8], type: UInt8 = 2, destination: [UInt8] = Host.service6
) -> [UInt8] {
  ipv6(icmp(type: type, body: quote), next: 58, source: router6, destination: destination)
}

private func quote6(_ payload: [UInt8], next: UInt8) -> [UInt8] {
  ipv6(payload, next: next, source: Host.service6, destination: Host.client6)
}

private let answer = tcp(sourcePort: 80, destinationPort: 40_000)
private let reply = udp(sourcePort: 53, destinationPort: 5353)

@Suite struct ICMPErrorTests {
  /// The error travels from the client's side to the service, as the client's packets do.
  @Test func turnedRound() {
    let four = Reading(Recorded.unreachable4)
    #expect(four.isAccepted)
    #expect(four.packet.traits == ParsedPacket.icmpError)
    #expect(four.packet.family == 4)
    #expect(four.packet.protocolNumber == 6)
    #expect(four.packet.source == IPAddress("198.51.100.7"))
    #expect(four.packet.destination == IPAddress("203.0.113.10"))
    #expect(four.packet.sourcePort == 40_000)
    #expect(four.packet.destinationPort == 80)
    #expect(four.packet.ipLength == 56)
    #expect(four.packet.transportOffset == 20)
    let six = Reading(Recorded.tooBig6)
    #expect(six.isAccepted)
    #expect(six.packet.traits == ParsedPacket.icmpError)
    #expect(six.packet.family == 6)
    #expect(six.packet.protocolNumber == 17)
    #expect(six.packet.source == IPAddress("2001:db8:1::7"))
    #expect(six.packet.destination == IPAddress("2001:db8:ffff::10"))
    #expect(six.packet.sourcePort == 1024)
    #expect(six.packet.destinationPort == 53)
  }

  /// Destination unreachable, time exceeded, parameter problem (RFC 792).
  @Test(arguments: 0...255)
  func types4(type: UInt8) {
    let reading = Reading(error4(quote4(answer), type: type))
    #expect(reading.isAccepted)
    let isError = [3, 11, 12].contains(type)
    #expect(reading.packet.has(ParsedPacket.icmpError) == isError)
    #expect(reading.packet.protocolNumber == (isError ? 6 : 1))
    #expect(reading.packet.ports == (isError ? 80 << 16 | 40_000 : 0))
    #expect(
      reading.packet.source == IPAddress(bytes: isError ? Host.client4 : [192, 0, 2, 1]))
  }

  /// Destination unreachable, packet too big, time exceeded, parameter problem (RFC 4443).
  @Test(arguments: 0...255)
  func types6(type: UInt8) {
    let reading = Reading(error6(quote6(reply, next: 17), type: type))
    #expect(reading.isAccepted)
    let isError = [1, 2, 3, 4].contains(type)
    #expect(reading.packet.has(ParsedPacket.icmpError) == isError)
    #expect(reading.packet.protocolNumber == (isError ? 17 : 58))
    #expect(reading.packet.ports == (isError ? 53 << 16 | 5353 : 0))
    #expect(reading.packet.source == IPAddress(bytes: isError ? Host.client6 : router6))
  }

  @Test func otherTypesNeedNoQuote() {
    expect(error4([], type: 8), nil)
    expect(error6([], type: 135), nil)
    expect(error4([], type: 3), .icmpQuote)
    expect(error6([], type: 1), .icmpQuote)
  }

  @Test(arguments: 5...15)
  func quotedOptions(words: Int) {
    let options = [UInt8](repeating: 1, count: (words - 5) * 4)
    let reading = Reading(error4(quote4(reply, protocolNumber: 17, options: options)))
    #expect(reading.isAccepted)
    #expect(reading.packet.ports == 53 << 16 | 5353)
  }

  @Test func quotedExtensions() {
    let chains: [(UInt8, [UInt8])] = [
      (Extension.hopByHop, Extension.options(next: 6)),
      (Extension.destination, Extension.options(next: 6, units: 3)),
      (Extension.routing, Extension.routing(next: 6, type: 4, segmentsLeft: 1, units: 2)),
      (Extension.authentication, Extension.authentication(next: 6, field: 4)),
      (Extension.fragment, Extension.fragment(next: 6, offset: 0, more: false)),
      (Extension.fragment, Extension.fragment(next: 6, offset: 0, more: true)),
      (
        Extension.hopByHop,
        Extension.options(next: Extension.destination) + Extension.options(next: 6)
      ),
    ]
    for (next, chain) in chains {
      let reading = Reading(error6(quote6(chain + answer, next: next)))
      #expect(reading.isAccepted, "\(chain)")
      #expect(reading.packet.ports == 80 << 16 | 40_000)
      #expect(reading.packet.protocolNumber == 6)
      #expect(reading.packet.traits == ParsedPacket.icmpError)
    }
  }

  @Test func quotedExtensionsThatCannotBe() {
    let late = Extension.fragment(next: 6, offset: 8, more: true)
    expect(error6(quote6(late + answer, next: 44)), .icmpQuote)
    let source = Extension.routing(next: 6, type: 0, segmentsLeft: 1)
    expect(error6(quote6(source + answer, next: 43)), .icmpQuote)
    var many = answer
    for index in 0..<9 { many = Extension.options(next: index == 0 ? 6 : 60) + many }
    expect(error6(quote6(many, next: 60)), .icmpQuote)
    expect(error6(quote6([6, 200] + answer, next: 60)), .icmpQuote)
  }

  /// A first fragment has ports, a later one has none.
  @Test(
    arguments: [(0x4000, nil), (0x2000, nil), (0x2001, .icmpQuote), (1, .icmpQuote)]
      as [(UInt16, DropReason?)])
  func quotedFragments(field: UInt16, reason: DropReason?) {
    expect(error4(quote4(answer, fragmentField: field)), reason)
  }

  /// The IP header and 8 bytes are quoted at least (RFC 792).
  @Test func quotesCutShort() {
    for count in 0...40 {
      expect(error4([UInt8](quote4(answer)[..<count])), count < 28 ? .icmpQuote : nil)
    }
    // An option makes the header 24 bytes: its ports end at 28.
    let longer = quote4(reply, protocolNumber: 17, options: [1, 1, 1, 1])
    for count in 0...32 {
      expect(error4([UInt8](longer[..<count])), count < 28 ? .icmpQuote : nil)
    }
    let longest = quote4(
      reply, protocolNumber: 17, options: [UInt8](repeating: 1, count: 40))
    for count in 0...68 {
      expect(error4([UInt8](longest[..<count])), count < 64 ? .icmpQuote : nil)
    }
  }

  @Test func quotesOfIPv6CutShort() {
    let quote = quote6(Extension.options(next: 17) + reply, next: 60)
    for count in 0...quote.count {
      // 40 of header, 8 of options, 4 of ports.
      expect(error6([UInt8](quote[..<count])), count < 52 ? .icmpQuote : nil)
    }
  }

  @Test func quotedHeadersThatCannotBe() {
    expect(error4(quote4(answer, version: 6)), .icmpQuote)
    expect(error4(quote4(answer, version: 0)), .icmpQuote)
    for words in 0..<5 as Range<UInt8> {
      expect(error4(quote4(answer, headerWords: words)), .icmpQuote)
    }
    expect(error4(quote6(answer, next: 6)), .icmpQuote)
    expect(error6(quote4(answer + answer + answer)), .icmpQuote)
  }

  @Test(arguments: [1, 2, 41, 47, 50, 58, 59, 132] as [UInt8])
  func quotedProtocols(number: UInt8) {
    expect(error4(quote4(answer, protocolNumber: number)), .icmpQuote)
    expect(error6(quote6(answer, next: number)), .icmpQuote)
  }

  /// An error goes to whom the quoted packet came from (RFC 1122 3.2.2, RFC 4443 2.4).
  @Test func toSomeoneElse() {
    expect(error4(quote4(answer), destination: [203, 0, 113, 11]), .icmpQuote)
    expect(error6(quote6(answer, next: 6), destination: Host.client6), .icmpQuote)
  }

  @Test func inFragments() {
    let quote = quote4(answer + answer)
    expect(error4(quote, fragmentField: 0x4000), nil)
    // 8 of ICMP, 60 of quote: 4 more make whole units.
    expect(error4(quote + [0, 0, 0, 0], fragmentField: 0x2000), .icmpQuote)
    expect(error4(quote, fragmentField: 3), nil)
    #expect(Reading(error4(quote, fragmentField: 3)).packet.traits == ParsedPacket.laterFragment)
  }
}
