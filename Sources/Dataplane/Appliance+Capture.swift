import CDPDKShim

extension Appliance {
  /// A capture that sees nothing before `attach`.
  public func makeCapture(_ options: PacketCapture.Options) throws(ApplianceError) -> PacketCapture
  {
    try PacketCapture(options, queues: queues(options), workers: self.options.workers)
  }

  public func attach(_ capture: PacketCapture) throws(ApplianceError) { try capture.attach() }

  /// Ends a capture's sight.
  ///
  /// - Returns: a token; once `isPast(token:)`, no worker is within a tap
  public func detach(_ capture: PacketCapture) -> UInt64 {
    capture.detach()
    return startGrace()
  }

  /// The queues of a capture's ports, as the workers have shared them out.
  private func queues(_ options: PacketCapture.Options) -> [PacketCapture.Queue] {
    var queues: [PacketCapture.Queue] = []
    for (interface, port) in options.ports.enumerated() {
      for worker in 0..<self.options.workers {
        if options.takesInbound {
          for place in 0..<workers[worker].pollCount
          where workers[worker].polls[place].portIndex == port {
            let poll = workers[worker].polls[place]
            queues.append(
              PacketCapture.Queue(
                port: poll.port, queue: poll.queue, isOutbound: false, interface: interface,
                worker: worker))
          }
        }
        if options.takesOutbound, workers[worker].transmit[port].through < 0 {
          queues.append(
            PacketCapture.Queue(
              port: workers[worker].devicePorts[port], queue: workers[worker].transmit[port].queue,
              isOutbound: true, interface: interface, worker: worker))
        }
      }
    }
    return queues
  }
}
