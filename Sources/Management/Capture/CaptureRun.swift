import AdminProtocol
import Dataplane
import Foundation
import Pcapng

/// One capture from its start until all of it is given back, as the manager holds it.
final class CaptureRun {
  private enum Phase {
    /// The file is a FIFO that nobody reads yet.
    case waiting
    case tapping
    /// The taps are off; workers may be within them until the token is passed.
    case leaving(UInt64)
    case over
  }

  let request: CaptureRequest
  /// Names of the ports.
  let ports: [String]
  private let appliance: Appliance
  private let capture: PacketCapture
  private let writer: CaptureWriter
  private var phase = Phase.waiting
  /// Why the taps could not be set.
  private var obstacle: String?

  /// Makes the file and begins.
  ///
  /// - Parameter ports: indices of the ports
  init(_ request: CaptureRequest, ports: [Int], appliance: Appliance) throws(AdminError) {
    self.request = request
    self.appliance = appliance
    let devices = ports.map { appliance.devices[$0] }
    self.ports = devices.map(\.name)
    var options = PacketCapture.Options(ports: ports)
    options.takesInbound = request.direction != .outbound
    options.takesOutbound = request.direction != .inbound
    options.filter = request.filter
    options.snapLength = UInt32(request.snapLength)
    do {
      capture = try appliance.makeCapture(options)
    } catch {
      throw .operational(error.description)
    }
    let file: CaptureFile
    do {
      file = try CaptureFile(request.file)
    } catch {
      throw .operational(error.description)
    }
    writer = CaptureWriter(
      capture, to: file,
      interfaces: devices.map { PcapngInterface($0, request) }, limits: request.limits)
    Thread.detachNewThread { [writer] in writer.run() }
    // A FIFO's packets begin with its reader.
    if !file.isFIFO { tap() }
  }

  private func tap() {
    phase = .tapping
    do {
      try appliance.attach(capture)
    } catch {
      obstacle = error.description
      stop()
    }
  }

  private func leave() { phase = .leaving(appliance.detach(capture)) }

  /// Ends it soon.
  func stop() {
    guard !isOver else { return }
    writer.stop()
    capture.close()
    switch phase {
    case .waiting: writer.finish()
    case .tapping: leave()
    case .leaving, .over: break
    }
  }

  /// Does what is due; to be called now and then.
  func advance() {
    switch phase {
    case .waiting where writer.hasEnded: free()
    case .waiting where writer.isReady: tap()
    case .tapping where writer.hasEnded: leave()
    case .leaving(let token) where appliance.isPast(token: token):
      writer.finish()
      if writer.hasEnded { free() }
    default: break
    }
  }

  private func free() {
    capture.free()
    phase = .over
  }

  /// Completes the file and gives everything back, once the workers have ended. A FIFO's reader has
  /// half a second for what waits.
  func endWithWorkers() {
    stop()
    let began = ContinuousClock.now
    while !isOver {
      advance()
      if .now - began > CaptureWriter.patience { writer.hurry() }
      usleep(1000)
    }
  }

  /// Whether the file is complete.
  var hasEnded: Bool { writer.hasEnded }
  /// Whether all of it is given back.
  var isOver: Bool { if case .over = phase { true } else { false } }

  var end: CaptureEnd? {
    guard let end = writer.end else { return nil }
    return obstacle.map { CaptureEnd(.error, error: $0) } ?? end
  }

  /// Packets in the file, and those that should be there and are not.
  var packets: UInt64 { UInt64(writer.packets) }
  var lost: UInt64 { capture.counts.lost + UInt64(writer.unwritten) }

  private var state: String {
    if writer.hasEnded { return "ended" }
    switch phase {
    case .waiting: return "waiting"
    case .tapping: return "running"
    case .leaving, .over: return "ending"
    }
  }

  /// As `capture.show` has it.
  var described: JSONValue {
    [
      "running": .bool(!hasEnded),
      "state": .string(state),
      "file": .string(request.file),
      "ports": .array(ports.map(JSONValue.string)),
      "direction": .string(request.direction.rawValue),
      "filter": .string(request.filter),
      "snap_length": JSONValue(request.snapLength),
      "limits": [
        "packets": request.limits.packets.map { JSONValue($0) } ?? .null,
        "seconds": JSONValue(request.limits.seconds),
        "bytes": JSONValue(request.limits.bytes),
      ],
      "captured": JSONValue(packets),
      "filtered": JSONValue(capture.counts.filtered),
      "lost": JSONValue(lost),
      "bytes": JSONValue(writer.bytes),
      "seconds": .double((writer.duration.seconds * 1000).rounded() / 1000),
      "ended": JSONValue(end?.cause.rawValue),
      "error": JSONValue(end?.error),
    ]
  }
}

extension PcapngInterface {
  init(_ device: Device, _ request: CaptureRequest) {
    self.init(
      name: device.name, description: device.device, snapLength: UInt32(request.snapLength),
      filter: request.filter,
      macAddress: (0..<6).map { UInt8(truncatingIfNeeded: device.mac >> (8 * $0)) })
  }
}
