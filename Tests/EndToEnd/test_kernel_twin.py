"""The kernel twin: what is for the appliance itself, and next hops that the kernel resolves."""

import json
import signal
import socket
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

from support.waiting import wait_until

from harness import evidence, network
from harness.flows import udp
from harness.frames import Frame
from harness.kernel_network import (
    CLIENT, OWN_FRONT, OWN_FRONT6, PLAIN, PLAIN6, REMOTE, KernelNetwork, KernelSetup,
)  # fmt: skip
from harness.setup import server, service

NOBODY = {"name": "s2", "address": network.server_address(2), "labels": False}
LIMIT = {"kernel-packets-per-second": 1000}
ALONE = "203.0.113.99"  # of a service that leaves


def services():
    return [
        service([PLAIN, NOBODY], 4),
        service([PLAIN6], 6),
        service([server(1)], 4, "udp"),
        service([PLAIN], 4, "tcp", name="leaves", address=ALONE),
    ]


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def workers(request):
    return request.param


@pytest.fixture(scope="module")
def net(workers):
    with KernelNetwork() as net:
        net.serve("served")
        yield net


@pytest.fixture(scope="module")
def box(net, workers):
    with net.appliance(KernelSetup(services(), workers, **LIMIT)) as box:
        box.launch()
        box.ready()
        wait_until(lambda: mac_of(box, "tcp4/s1"), 20, "the server is resolved")
        wait_until(lambda: mac_of(box, "tcp6/s1"), 20, "the server is resolved by ND")
        yield box
        evidence.assert_balanced(box.settled(0))


def mac_of(box, name):
    found = {f"{one['service']}/{one['name']}": one for one in box.admin.call("show.servers")}
    return found[name]["mac"]


def ping(host, address, *more):
    """Until three were answered: without a deadline it waits for the last one no longer than for 50 ms."""
    return host.run("ping", "-n", "-c", "3", "-i", "0.05", "-w", "20", *more, address)


def page(net, address):
    return net.client.get(network.TCP_PORT, "/", address=address)


def rise(box, before):
    now = box.counters()
    return {name: now[name] - value for name, value in before.items() if now[name] != value}


@pytest.mark.parametrize("address", [network.VIP4, network.VIP6, OWN_FRONT, OWN_FRONT6])
def test_resolves_and_answers_ping(net, box, address):
    """By real ARP and ND; once each, so the kernel behind the device is silent."""
    assert "DUP" not in ping(net.client, address)
    neighbours = json.loads(net.client.ip("-j", "neigh", "show", "dev", "eth0"))
    found = {one["dst"]: one.get("lladdr") for one in neighbours}
    assert found[address] == network.FRONT_MAC


def test_next_hops_are_resolved(net, box):
    assert mac_of(box, "tcp4/s1") == network.server_mac(1)
    assert mac_of(box, "tcp6/s1") == network.server_mac(1)
    assert mac_of(box, "tcp4/s2") is None


@pytest.mark.parametrize("address", [network.VIP4, network.VIP6])
def test_serves_and_passes_over_who_is_not_resolved(net, box, address):
    for _ in range(4):
        status, _, text = page(net, address)[:3]
        assert (status, text) == (200, "served")


def test_those_beyond_the_gateway_are_reached_through_it(net, box):
    """By the data path, whose next hop the kernel resolved, and by the twin's default route."""
    ping(net.client, network.VIP4, "-I", REMOTE)
    with net.client.connect(network.VIP4, network.TCP_PORT, 10, (REMOTE, 0)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.makefile("rb").read().endswith(b"served")


def test_a_fragmented_ping_is_answered_in_fragments(net, box):
    """af_packet's fan-out reassembles what comes in, as far as its frames are long."""
    ping(net.client, network.VIP4, "-s", "1700")
    ping(net.client, network.VIP6, "-s", "1700")


@pytest.mark.parametrize(
    "virtual, own, layer, number",
    [(network.VIP4, OWN_FRONT, IP, 8080), (network.VIP6, OWN_FRONT6, IPv6, 8086)],
    ids=["ipv4", "ipv6"],
)
def test_nothing_of_tcp_or_udp_to_a_virtual_address_enters_the_twin(
    net, box, virtual, own, layer, number
):
    """A server of the box itself, on every address, is reached by the port's own address alone."""
    server = net.box.web_server("0.0.0.0" if layer is IP else "::", number)
    file = net.box.folder / f"twin-{number}.pcap"
    watch = net.box.start(
        "tcpdump", "-i", "front", "-w", file, "-U", "--immediate-mode",
        f"(tcp or udp) and (dst host {virtual} or dst host {own})",
    )  # fmt: skip
    wait_until(file.exists, 10, "the capture")
    before = box.counters()
    net.client.connect(own, number).close()
    with pytest.raises(OSError):
        net.client.connect(virtual, number, seconds=2.5)
    with net.client.entered():
        sender = socket.socket(socket.AF_INET if layer is IP else socket.AF_INET6, socket.SOCK_DGRAM)
    with sender:
        sender.sendto(b"x", (virtual, number))
    # Two SYNs and the datagram.
    wait_until(lambda: rise(box, before).get("drop.not_service", 0) >= 3, 10, "they are dropped")
    net.client.connect(own, number).close()
    net.box.end(watch, subprocess.Popen.terminate)
    net.box.end(server)
    entered = {packet[layer].dst for packet in rdpcap(str(file))}
    assert entered == {own}


def test_a_flood_of_pings_starves_nothing(net, box):
    """A thousand pings a second may pass; every labelled packet does."""
    flow = udp(1).with_(front=network.FRONT_MAC, back=network.BACK_MAC)
    client, host = net.raw(net.client), net.raw(net.server)
    client.send(flow.up(flow.send()))
    odd = next(label for label in labels(host) if label)
    forwarded = box.counters()["analysed.forwarded"]
    host.send(flow.down(flow.answer(), label=odd + 1))
    wait_until(lambda: box.counters()["analysed.forwarded"] > forwarded, 5, "the answer")
    client.send(flow.up(flow.send(), label=odd))
    wait_until(lambda: box.admin.call("status")["labels"]["live"] == 1, 5, "a live pair")
    flood = bytes(
        Ether(dst=network.FRONT_MAC, src=network.client_mac(1))
        / IP(src=CLIENT, dst=network.VIP4)
        / ICMP(id=1)
        / bytes(32)
    )
    labelled = flow.up(flow.send(), label=odd)
    before = box.counters()
    begun = time.monotonic()
    for turn in range(1, 501):
        for _ in range(40):
            client.send(flood)
        client.send(labelled)
        if turn % 25 == 0:  # no more on the way than the device's ring holds
            received = before["rx.packets"] + turn * 41
            wait_until(lambda: box.counters()["rx.packets"] >= received, 30, "they are received")
    box.settled(received)
    seconds = time.monotonic() - begun
    change = rise(box, before)
    assert change["label.switched"] == 500
    assert change["drop.kernel_limit"] + change["kernel.packets"] >= 500 * 40
    # A tenth of a second's worth at once; ARP and what the server sends have limits of their own.
    assert change["kernel.packets"] <= 1000 * (seconds + 0.1) + 100
    assert change["drop.kernel_limit"] > 500 * 40 / 2
    assert page(net, network.VIP4)[0] == 200
    ping(net.client, network.VIP4)


def labels(host):
    while True:
        frame = Frame(host.recv(4096))
        if frame.labels:
            yield frame.label


def test_a_change_of_the_servers_address_is_followed(net, box):
    new = network.server_mac(9)
    net.server.ip("link", "set", "eth0", "address", new)
    wait_until(lambda: mac_of(box, "tcp4/s1") == new, 40, "the new address")
    wait_until(lambda: mac_of(box, "tcp6/s1") == new, 40, "the new address by ND")
    assert page(net, network.VIP4)[0] == 200
    assert page(net, network.VIP6)[0] == 200


def test_virtual_addresses_come_and_go_with_their_services(net, box):
    def addresses():
        shown = json.loads(net.box.ip("-j", "address", "show", "dev", "front"))
        return {one["local"] for one in shown[0]["addr_info"]}

    assert {network.VIP4, network.VIP6, OWN_FRONT, OWN_FRONT6, ALONE} <= addresses()
    whole = box.config.read_text()
    fewer = KernelSetup(services()[:3], box.setup.workers, **LIMIT)
    box.config.write_text(fewer.text(box.folder))
    box.admin.call("reload")
    assert ALONE not in addresses() and network.VIP4 in addresses()
    box.config.write_text(whole)
    box.admin.call("reload")
    assert ALONE in addresses()


def test_the_twins_are_shown(net, box):
    assert [port["twin"] for port in box.admin.call("show.ports")] == ["front", "back"]


def test_a_twin_has_its_ports_mac_address_and_mtu():
    with KernelNetwork() as other:
        mtus = {"front": 1504, "back": 1400}
        for name, host in (("front", other.client), ("back", other.server)):
            other.box.ip("link", "set", f"{name}0", "mtu", mtus[name])
            host.ip("link", "set", "eth0", "mtu", mtus[name])
        with other.appliance(KernelSetup(services(), mtus=mtus)) as box:
            box.launch()
            box.ready()
            links = {link["ifname"]: link for link in json.loads(other.box.ip("-j", "link", "show"))}
        twins = [(links[name]["address"], links[name]["mtu"]) for name in mtus]
        assert twins == [(network.FRONT_MAC, 1504), (network.BACK_MAC, 1400)]


def test_a_device_with_an_address_is_refused():
    with KernelNetwork() as other:
        other.box.ip("address", "add", "198.51.100.1/24", "dev", "front0")
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            assert box.process.wait(60) == 2
            assert "ip address delete 198.51.100.1/24 dev front0" in box.log()


def test_the_end_leaves_nothing_behind():
    with KernelNetwork() as other:
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            hooked = other.box.run("tc", "filter", "show", "dev", "front0", "ingress")
            assert "bpf" in hooked
            box.end()
        links = json.loads(other.box.ip("-j", "link", "show"))
        assert {link["ifname"] for link in links} == {"lo", "front0", "back0"}
        assert "clsact" not in other.box.run("tc", "qdisc", "show", "dev", "front0")


FOREIGN = "bpf da bytecode 2,0 0 0 0,6 0 0 0,".split(" ", 3)


def filters(host, device="front0", direction="ingress"):
    return json.loads(host.run("tc", "-j", "filter", "show", "dev", device, direction) or "[]")


@pytest.mark.parametrize("preference", [1, 7])
def test_somebody_elses_ingress_filter_is_refused_and_stays(preference):
    with KernelNetwork() as other:
        at = ["dev", "front0", "ingress", "pref", str(preference)]
        other.box.run("tc", "qdisc", "add", "dev", "front0", "clsact")
        other.box.run("tc", "filter", "add", *at, "handle", "1", "protocol", "all", *FOREIGN)
        before = filters(other.box)
        assert before
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            assert box.process.wait(60) == 2
            assert f"tc filter delete {' '.join(at)}" in box.log()
        assert filters(other.box) == before
        # What the message says helps.
        other.box.run("tc", "filter", "delete", *at)
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            box.end()


def test_what_a_killed_run_left_is_taken_over():
    with KernelNetwork() as other:
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            box.process.kill()
            box.process.wait()
        assert filters(other.box)
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            assert len([one for one in filters(other.box) if "options" in one]) == 1
            box.end()
        assert filters(other.box) == []


def test_the_hook_stays_if_somebody_else_uses_it():
    with KernelNetwork() as other:
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            other.box.run(
                "tc", "filter", "add", "dev", "front0", "egress", "protocol", "all", *FOREIGN)
            box.end()
        assert filters(other.box) == []
        assert filters(other.box, direction="egress")
        assert "clsact" not in other.box.run("tc", "qdisc", "show", "dev", "back0")


def test_a_start_that_is_ended_leaves_nothing_behind():
    with KernelNetwork() as other:

        def hooked(device):
            return "bpf" in other.box.run("tc", "filter", "show", "dev", device, "ingress")

        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            wait_until(lambda: hooked("back0"), 20, "the kernel is told to drop what it receives")
            box.process.send_signal(signal.SIGTERM)
            assert box.process.wait(20) == 0, box.log()
        assert "clsact" not in other.box.run("tc", "qdisc", "show")
