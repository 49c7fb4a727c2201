import CLinux
import Dataplane
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Wire

/// A network namespace in which nobody has the virtual addresses, for health checks along the path: a
/// TAP device with the ports' own addresses, to which every other address leads. The namespace has no
/// name. It is that of an event loop's thread and of the sockets which that thread opens, and vanishes
/// with the process however that ends.
final class CheckNamespace: Sendable {
  /// Sockets that are opened on it are in the namespace.
  let loop: any EventLoop
  /// The TAP device, open and non-blocking.
  let descriptor: Int32
  private let group: MultiThreadedEventLoopGroup

  /// - Parameters:
  ///   - addresses: that checks come from
  ///   - mtu: of the smallest link that they take
  init(addresses: [IPAddress], mtu: UInt16) throws(KernelError) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    // No future is waited for: the manager's loop calls this.
    let entered = Entered()
    loop.execute {
      do throws(KernelError) {
        entered.result = .success(try Self.enter(addresses, mtu: mtu))
      } catch {
        entered.result = .failure(error)
      }
      entered.done.signal()
    }
    entered.done.wait()
    self.group = group
    self.loop = loop
    do {
      descriptor = try entered.result.get()
    } catch {
      group.shutdownGracefully { _ in }
      throw error
    }
  }

  deinit { close(descriptor) }

  private final class Entered: @unchecked Sendable {
    let done = DispatchSemaphore(value: 0)
    var result = Result<Int32, KernelError>.failure(KernelError(what: "", code: 0))
  }

  /// Takes the calling thread into a new namespace and furnishes that.
  ///
  /// - Returns: the TAP device
  private static func enter(
    _ addresses: [IPAddress], mtu: UInt16
  ) throws(KernelError) -> Int32 {
    let name = "checks"
    let code = linux_network_unshare()
    guard code == 0 else {
      throw KernelError(
        what: "no network namespace for checks to the vip, which takes CAP_SYS_ADMIN", code: -code)
    }
    let descriptor = unsafe linux_tap_open(name)
    guard descriptor >= 0 else {
      throw KernelError(what: "no TAP device for checks to the vip", code: -descriptor)
    }
    do {
      try furnish(name, addresses, mtu: mtu)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func furnish(
    _ name: String, _ addresses: [IPAddress], mtu: UInt16
  ) throws(KernelError) {
    let settings = [
      // Nothing of its own accord, and any port may be a source.
      ("net/ipv6/conf/\(name)/addr_gen_mode", 1), ("net/ipv6/conf/\(name)/accept_ra", 0),
      ("net/ipv6/conf/\(name)/router_solicitations", 0), ("net/ipv6/conf/\(name)/accept_dad", 0),
      ("net/ipv4/ip_unprivileged_port_start", 0),
    ]
    for (key, value) in settings { _ = Sysctl.write(key, value) }
    let socket = try NetlinkSocket()
    let link = unsafe if_nametoindex(name)
    try socket.request(
      RouteMessage.setLink(
        link, mac: MACAddress(word: KernelPath.checkMAC), mtu: mtu, resolves: false),
      "device of checks to the vip")
    for address in Set(addresses) {
      try socket.request(
        RouteMessage.address(
          AddressPrefix(host: address), link: link, adds: true, makesRoute: false),
        "address \(address) of checks to the vip")
    }
    for family in Set(addresses.map(\.family)) {
      try socket.request(
        RouteMessage.defaultRoute(family: family, link: link), "route of checks to the vip")
    }
  }

  /// Ends its checks and its thread. Not from that thread.
  func stop() {
    let done = DispatchSemaphore(value: 0)
    group.shutdownGracefully(queue: .global()) { _ in done.signal() }
    done.wait()
  }
}
