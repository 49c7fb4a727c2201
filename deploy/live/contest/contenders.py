"""What stands between clients and servers: nothing, a bridge, Tagline or a proxy."""

import contextlib
import dataclasses
import os
import subprocess

from rig import appliance, plan
from rig.host import OFFLOADS
from rig.namespace import wait_until

from .load import IPERF_PORT

HAPROXY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen web
  bind :80
  balance roundrobin
{web}
listen iperf
  bind :{port}
{iperf}
"""
NGINX = """
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
{module}
events {{ worker_connections 8192; }}
stream {{
  upstream web {{ {web} }}
  upstream iperf {{ {iperf} }}
  server {{ listen 80 backlog=4096; proxy_pass web; }}
  server {{ listen {port} backlog=4096; proxy_pass iperf; }}
}}
"""


@dataclasses.dataclass(frozen=True)
class Contender:
    """`stand`: a function of network and programs folder; its context is while it stands."""

    name: str
    stand: object
    offloads: bool = False

    @contextlib.contextmanager
    def standing(self, network, programs):
        if self.offloads:
            switch_offloads_on(network)
        with self.stand(network, programs) as counters:
            network.clients[0].run(
                "curl", "--silent", "--fail", "--max-time", 5, "--retry", 5, "--retry-all-errors",
                f"http://{plan.VIP4}/",
            )  # fmt: skip
            yield counters


def switch_offloads_on(network):
    words = ["on" if word == "off" else word for word in OFFLOADS]
    cables = [(network.box, name) for name in ("front", "back")]
    cables += [(host, "eth0") for host in network.hosts]
    cables += [(network.switch, name) for name in ("front", "back")]
    cables += [(network.switch, host.name) for host in network.hosts]
    for namespace, device in cables:
        namespace.run("ethtool", "-K", device, *words)


def no_counters():
    return {}


def put_on_one_link(network):
    """Clients and servers reach each other without a router, and the virtual address by both
    servers: flows are spread by their ports, but iperf3's two connections stay together."""
    for client in network.clients:
        hops = []
        for server in network.servers:
            hops += ["nexthop", "via", server.place.ipv4, "dev", "eth0", "onlink"]
        client.run("ip", "route", "add", f"{plan.VIP4}/32", "mtu", plan.HOST_MTU, *hops)
        client.run("ip", "route", "add", network.servers[0].place.network4, "dev", "eth0")
    for server in network.servers:
        server.run(
            "ip", "route", "add", network.clients[0].place.network4, "dev", "eth0",
            "mtu", plan.HOST_MTU,
        )  # fmt: skip


@contextlib.contextmanager
def direct(network, _):
    """The two sides' bridges joined by a cable."""
    put_on_one_link(network)
    switch = network.switch
    switch.run(
        "ip", "link", "add", "join1", "mtu", plan.LINK_MTU, "type", "veth", "peer", "name", "join2",
        "mtu", plan.LINK_MTU,
    )  # fmt: skip
    for end, bridge in (("join1", "clients"), ("join2", "servers")):
        switch.run("ip", "link", "set", end, "master", bridge, "up")
    yield no_counters


def testpmd(device):
    @contextlib.contextmanager
    def stand(network, _):
        put_on_one_link(network)
        processors = sorted(os.sched_getaffinity(0))
        # As the appliance: the worker on the second processor, if there is one.
        lcores = f"0@{processors[0]},1@{processors[min(1, len(processors) - 1)]}"
        devices = [
            appliance.DEVICES[device].format(number=number, name=name)
            for number, name in enumerate(("front", "back"))
        ]
        process = network.box.start(
            "stdbuf", "-oL", "dpdk-testpmd", "--lcores", lcores, "--no-huge", "-m", 256,
            "--iova-mode", "va", "--no-pci", "--no-telemetry", "--no-shconf", "--log-level", "error",
            "--vdev", devices[0], "--vdev", devices[1], "--",
            "--forward-mode=io", "--auto-start", "--nb-cores=1", "--total-num-mbufs=16384",
            "--mp-alloc=anon", log="testpmd.log", stdin=subprocess.PIPE,
        )  # fmt: skip
        log = network.box.folder / "testpmd.log"
        wait_until(lambda: "Press enter" in log.read_text(), 30, "testpmd forwards", process)
        try:
            yield no_counters
        finally:
            process.stdin.close()  # it prints its statistics and ends
            network.box.end(process, lambda process: None)

    return stand


def tagline(device, labels):
    """Behind each port the kernel's twin; one worker."""

    @contextlib.contextmanager
    def stand(network, programs):
        if labels:
            for host in network.hosts:
                host.run(*host.attach_command(programs / "tagline-endpoint"))
        places = [dataclasses.replace(host.place, labels=labels) for host in network.servers]
        document = appliance.configuration(
            [
                appliance.service("web", places),
                appliance.service("iperf", places[:1], port=IPERF_PORT),
            ],
            device,
        )
        with appliance.Appliance(network.box, programs, document) as running:
            yield lambda: running.show("counters")

    return stand


@contextlib.contextmanager
def proxy_box(network):
    """The kernel of the box has the virtual address and an address on each side."""
    network.box.run("ip", "address", "add", f"{plan.VIP4}/32", "dev", "lo")
    for port, prefix in (("front", plan.FRONT4), ("back", plan.BACK4)):
        network.box.run("ip", "address", "add", f"{prefix}.1/24", "dev", port)
        # Without room for a label, as on the other hosts.
        network.box.run("ip", "link", "set", port, "mtu", plan.HOST_MTU)
    yield network.box


@contextlib.contextmanager
def haproxy(network, _):
    rows = [
        f"  server {host.name} {host.place.ipv4}:{{}}" for host in network.servers
    ]
    with proxy_box(network) as box:
        configuration = box.folder / "haproxy.cfg"
        configuration.write_text(
            HAPROXY.format(
                web="\n".join(rows).format(*[80] * len(rows)), port=IPERF_PORT,
                iperf=rows[0].format(IPERF_PORT),
            )
        )  # fmt: skip
        process = box.serve("haproxy", "-db", "-f", configuration, log="haproxy.log")
        wait_until(lambda: box.listens(plan.VIP4, 80), 10, "HAProxy listens", process)
        yield no_counters


@contextlib.contextmanager
def nginx(network, _):
    rows = [f"server {host.place.ipv4}:{{}};" for host in network.servers]
    module = os.environ.get("NGINX_STREAM_MODULE")
    with proxy_box(network) as box:
        configuration = box.folder / "nginx.conf"
        configuration.write_text(
            NGINX.format(
                folder=box.folder, web=" ".join(rows).format(*[80] * len(rows)), port=IPERF_PORT,
                iperf=rows[0].format(IPERF_PORT), module=f"load_module {module};" if module else "",
            )
        )  # fmt: skip
        process = box.serve("nginx", "-p", box.folder, "-c", configuration, log="nginx.out")
        wait_until(lambda: box.listens(plan.VIP4, 80), 10, "nginx listens", process)
        yield no_counters


CONTENDERS = {
    one.name: one
    for one in (
        Contender("direct", direct),
        Contender("testpmd", testpmd("af_packet")),
        Contender("tagline", tagline("af_packet", labels=True)),
        Contender("tagline-plain", tagline("af_packet", labels=False)),
        Contender("haproxy", haproxy),
        Contender("nginx", nginx),
        Contender("testpmd-xdp", testpmd("af_xdp")),
        Contender("tagline-xdp", tagline("af_xdp", labels=True)),
        Contender("direct-offloads", direct, offloads=True),
        Contender("haproxy-offloads", haproxy, offloads=True),
        Contender("nginx-offloads", nginx, offloads=True),
    )
}
