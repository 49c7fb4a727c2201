/// A server with some cores and one queue, first come first served.
struct SimulatedServer {
  var cores: Int
  var speed: Double
  var isAlive = true
  /// Counted at each death, so that what was begun before never ends.
  var life = 0
  private var busy = 0
  private var waiting: [Int] = []
  private var head = 0

  init(_ server: Scenario.Server) {
    cores = server.cores
    speed = server.speed
  }

  /// Sessions that it has.
  var sessions: Int { busy + waiting.count - head }

  /// Takes a session; true if a core is free for it at once.
  mutating func take(_ session: Int) -> Bool {
    if busy < cores {
      busy += 1
      return true
    }
    waiting.append(session)
    return false
  }

  /// Ends one that a core worked on; the next that the core works on, if any waits.
  mutating func finish() -> Int? {
    guard head < waiting.count else {
      busy -= 1
      return nil
    }
    let next = waiting[head]
    head += 1
    if head > 1024, head * 2 > waiting.count {
      waiting.removeFirst(head)
      head = 0
    }
    return next
  }

  mutating func die() {
    isAlive = false
    life += 1
    busy = 0
    waiting = []
    head = 0
  }
}
