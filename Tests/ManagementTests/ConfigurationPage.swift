/// The configuration page of the contract, verbatim.
let contractPage = """
  workers: 1                       # data-plane cores; default all but one, at least 1
  sessions-per-worker: 1048576     # table size; memory is taken at start
  memory:
    hugepages: auto                # auto | required | none
  admin:
    socket: /run/tagline/admin.sock
  metrics: 127.0.0.1:9464          # optional

  ports:
    - name: front
      device: net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap   # PCI address or DPDK vdev arguments
      side: both                   # client | server | both (one-arm)
      mac: 02:00:00:00:00:01       # optional; the device's own otherwise
      mtu: 1500                    # of the link, label included
      vlan: 0                      # 802.1Q id of this port's frames; 0: untagged. Other tags, QinQ too, are a named drop
      address: [192.0.2.1/24]      # optional: gives the port a kernel twin with these addresses
      gateway:                     # next hop of all clients that are not within this port's address prefixes
        mac: 02:00:00:00:00:fe     # static; or address: resolved by the kernel. Without a gateway a session's
                                   # S2C next hop is the source MAC of its first packet
  labels:
    range: 17-1048573              # C2S labels that may be given, split among the workers
    first: random                  # random | lowest
    unknown: analyse               # analyse | discard
    guard: flow                    # flow | port
    quarantine: 1s
    embryonic-share: 25            # percent of a worker's pairs
  answers-per-second: 1000         # RST and ICMP made by the appliance, burst the same
  timeouts:
    tcp-embryonic: 5s
    tcp-established: 15m
    tcp-closing: 2s
    udp-embryonic: 5s
    udp: 30s
  services:
    - name: web
      address: 203.0.113.10        # the VIP, IPv4 or IPv6
      protocol: tcp                # tcp | udp
      port: 80                     # a port, a range 8000-8099, or any
      algorithm: wlc               # rr | wrr | lc | wlc | rt | p2c | maglev
      clients: auto                # labelled: every client is a label endpoint; plain: none; auto: those that say so
      max-sessions: 100000         # optional: new sessions past it are refused
      new-sessions-per-second: 0   # optional: 0 = no limit
      refuse-with: reset           # reset (TCP RST; UDP: port unreachable) | icmp (administratively prohibited) | drop
      health:                      # optional; without it servers count as up
        type: http                 # http | tcp | icmp
        path: /
        interval: 2s
        timeout: 1s
        rise: 2
        fall: 3
      servers:
        - name: web1
          address: 192.0.2.11      # may be of the other family than the VIP: only the next hop comes from it
          mac: 02:00:00:00:01:11   # static next hop; without it the kernel resolves the address
          port: front              # optional: the port that reaches it, where it can't be derived
          weight: 1                # 0 drains
          labels: true             # is it a label endpoint
          max-sessions: 0          # 0 = no limit
  """
