import Balancing
import Sessions
import Snapshots
import TestSupport
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Servers come and go under load, 24, then 30, then 22: no session leaves the server that it began
  /// with, but where that died or an operator ended its sessions.
  @Suite struct ServerChangeTests {
    /// On two workers, or with two hosts in three that echo no labels.
    @Test(arguments: [(1, 1), (2, 2), (2, 3)] as [(Int, UInt64)])
    func noSessionMoves(workers: Int, seed: UInt64) throws {
      let pool = try Pool(workers: workers, seed: seed)
      let algorithms = Algorithm.allCases
      for (round, algorithm) in algorithms.enumerated() {
        pool.publish { $0.algorithm = algorithm }
        pool.begin(24)
        pool.verify("algorithm \(algorithm)")
        // Six come, one by one.
        if round == 1 {
          for slot in 24..<30 {
            pool.publish { $0.configured.append(slot) }
            pool.begin(6)
            pool.verify("server \(slot) added")
          }
        }
        pool.publish { $0.servers[round].weight = UInt32(5 + round) }
        pool.begin(6)
        pool.verify("weight")
        pool.publish { $0.servers[7 + round].state = .drain }
        pool.begin(6)
        pool.verify("drain")
        pool.publish { $0.servers[14].health = .down }
        pool.begin(6)
        pool.verify("down")
        pool.publish { pool in
          pool.servers[7 + round].state = .ready
          pool.servers[14].health = .up
          pool.servers[14].ramp = 26
        }
        pool.begin(6)
        pool.verify("up, and slowly")
        // Nothing changed.
        pool.publish { _ in }
        pool.verify("reload")
        // Eight leave.
        if round == 4 {
          for slot in [0, 5, 9, 13, 20, 24, 28, 29] {
            pool.publish { $0.configured.removeAll { $0 == slot } }
            pool.begin(6)
            pool.verify("server \(slot) removed")
          }
        }
      }
      #expect(pool.configured.count == 22)
      #expect(pool.flows.count > 300)
      #expect(pool.broken == 0)
      // Labelled and plain ones, switched and analysed.
      #expect(pool.bench["label.switched"] > 1000)
      #expect(pool.bench["analysed.forwarded"] > 1000)
      #expect(pool.bench["session.ended"] == 0)

      // What was told to end ends, and nothing else.
      let maintained = pool.sessions(of: 3)
      #expect(maintained > 3)
      pool.publish { pool in
        pool.algorithm = .rr
        pool.servers[3].state = .maint
      }
      pool.bench.advance(by: 130)
      pool.ended.insert(3)
      pool.verify("maint")
      #expect(pool.broken == maintained)
      #expect(pool.bench["session.ended"] == UInt64(maintained))
      pool.broken = 0
      let died = pool.sessions(of: 4)
      #expect(died > 3)
      pool.publish { pool in
        pool.onDown = .reset
        pool.servers[4].health = .down
      }
      pool.bench.turn(200)
      pool.ended.insert(4)
      pool.verify("died")
      #expect(pool.broken == died)
      #expect(pool.bench["drop.server_down"] >= UInt64(died))
      #expect(pool.bench["session.ended"] == UInt64(maintained + died))
    }
  }
}

/// One service of up to thirty servers, and the conversations that it has.
private final class Pool {
  struct Conversation {
    var flow: Flow
    var server: Int
    /// Of the host that echoes it; nil for a plain one.
    var c2s: UInt32?
    var s2c: UInt32?
  }

  let bench: WorkerBench
  private let base: Network
  private var number: UInt64 = 100
  private var random: SplitMix
  private var nextPort: UInt16 = 1024
  private(set) var flows: [Conversation] = []
  var algorithm = Algorithm.rr
  var onDown = DownAction.keep
  var servers: [ServerRecord]
  /// The slots that the service has; others have left, and only serve what they still have.
  var configured = Array(0..<24)
  /// Servers whose sessions are to have ended.
  var ended: Set<Int> = []
  /// Sessions whose packets did not reach the server that they began with.
  var broken = 0

  init(workers: Int, seed: UInt64) throws {
    random = SplitMix(state: seed)
    var network = Network.twoArmed
    var service = network.services[0]
    service.servers = (0..<30).map { Network.Server(port: 1, labels: $0 % 3 != 0) }
    network.services = [service]
    network.settings.tcpEstablished = 50_000
    network.settings.embryonicShare = 100
    base = network
    servers = network.contents(number: 1).servers
    bench = try WorkerBench(network, workers: workers, sessions: 1024, pairs: 8..<2008)
    publish { _ in }
  }

  /// Makes a change, and the snapshot that the manager would make of it.
  func publish(_ change: (Pool) -> Void) {
    change(self)
    number += 1
    var contents = base.contents(number: number)
    contents.servers = servers.enumerated().map { slot, server in
      var server = server
      if !configured.contains(slot) {
        server.weight = 0
        server.state = .drain
      }
      // Response times that differ by server and change all the time.
      server.responseTime = UInt32((slot * 7 + Int(number) * 3) % 11 + 1) * 1000
      if algorithm == .rt { server.weight *= 256 }
      return server
    }
    contents.serverSlots = configured.map { UInt32($0) }
    contents.services[0].serverCount = UInt32(configured.count)
    contents.services[0].algorithm = algorithm
    contents.services[0].onDown = onDown
    let table = MaglevTable.build(
      names: configured.map { "server\($0)" },
      weights: configured.map {
        contents.servers[$0].takesNewSessions ? contents.servers[$0].weight : 0
      }, size: MaglevTable.fallbackSize(servers: configured.count))
    contents.maglevEntries = table
    contents.services[0].maglevOffset = 0
    contents.services[0].maglevSize = UInt32(table.count)
    bench.appliance.publish(contents)
    bench.turn(2)
  }

  func sessions(of server: Int) -> Int { flows.count { $0.server == server } }

  /// Sessions begin, on whatever worker; each at a server that may take it.
  func begin(_ count: Int) {
    for _ in 0..<count {
      nextPort += 1
      let flow = Flow.web.from(nextPort)
      // One client in three is a label endpoint, which says so by explicit null.
      let isLabelled = random.next() % 3 == 0
      let syn = isLabelled ? flow.syn.mpls(0) : flow.syn
      let sent = bench.inject(syn, worker: worker())
      guard sent.count == 1 else {
        Issue.record("a SYN led to \(sent.count) frames")
        return
      }
      let slot = Int(sent[0].bytes[5]) - 0x10
      #expect(configured.contains(slot))
      #expect(servers[slot].state == .ready && servers[slot].health != .down)
      let toServer = sent[0].label
      #expect((toServer != nil) == servers[slot].labels)
      let synAck = flow.synAck(slot)
      let back = bench.inject(
        toServer.map { synAck.mpls($0 + 1) } ?? synAck, on: 1, worker: worker())
      let toClient = back.first?.label
      #expect((toClient != nil) == isLabelled)
      let ack = flow.ack
      bench.inject(toClient.map { ack.mpls($0 - 1) } ?? ack, worker: worker())
      flows.append(
        Conversation(
          flow: flow, server: slot, c2s: toClient.map { $0 - 1 }, s2c: toServer.map { $0 + 1 }))
    }
    bench.advance(by: 1)
  }

  private func worker() -> Int { Int(random.next() % UInt64(bench.workers)) }

  /// A packet each way in every session. One that does not arrive breaks its session.
  func verify(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
    var left: [Conversation] = []
    for conversation in flows {
      let flow = conversation.flow
      let request = flow.data(20)
      let up = bench.inject(
        conversation.c2s.map { request.mpls($0) } ?? request, worker: worker())
      let reply = flow.reply(conversation.server, 20)
      let down = bench.inject(
        conversation.s2c.map { reply.mpls($0) } ?? reply, on: 1, worker: worker())
      let arrives =
        up.count == 1 && up[0].port == 1 && Int(up[0].bytes[5]) - 0x10 == conversation.server
        && down.count == 1 && down[0].port == 0
      if arrives {
        left.append(conversation)
      } else {
        broken += 1
        #expect(
          ended.contains(conversation.server),
          "\(what): a session of server \(conversation.server) is broken",
          sourceLocation: sourceLocation)
      }
    }
    flows = left
  }
}
