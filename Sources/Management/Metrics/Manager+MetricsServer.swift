import NIOCore

extension Manager {
  /// Has the metrics offered at another address, or at none, or leaves all as it was. On the loop.
  func offerMetrics(at wanted: Configuration.SocketAddress?) throws(MetricsError) {
    let old = metricsEndpoint
    guard wanted != old?.address else { return }
    guard let wanted else {
      old?.server.stop()
      metricsEndpoint = nil
      return
    }
    let descriptor: CInt
    do {
      descriptor = try MetricsListener.listen(at: wanted)
    } catch {
      // The old socket may be what is in the way: of 0.0.0.0 and 127.0.0.1 one has a port alone.
      guard let old, error.isInUse, old.address.port == wanted.port else { throw error }
      old.server.stop()
      metricsEndpoint = nil
      do {
        descriptor = try MetricsListener.listen(at: wanted)
      } catch let second {
        let again = try MetricsListener.listen(at: old.address)
        metricsEndpoint = (old.address, metricsServer(again))
        throw second
      }
    }
    old?.server.stop()
    metricsEndpoint = (wanted, metricsServer(descriptor))
    log.info("metrics: http://\(wanted)/metrics")
  }

  private func metricsServer(_ descriptor: CInt) -> MetricsServer {
    MetricsServer(descriptor: descriptor, on: loop) { self.metricsPage() }
  }
}
