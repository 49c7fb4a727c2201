"""Every kind of port that needs no hardware: real connections and labelled packets through it."""

import pytest

from support.waiting import wait_until

from harness import evidence, network
from harness.flows import udp
from harness.frames import Frame
from harness.kernel_network import PLAIN, PLAIN6, KernelNetwork, KernelSetup
from harness.port_kinds import KINDS
from harness.setup import server, service

# What comes over these has the checksums that a kernel left to a device.
PARTIAL = {"af_packet", "af_xdp", "pcap"}
PAGE = "served " * 20_000  # many segments


def services():
    return [service([PLAIN], 4), service([PLAIN6], 6), service([server(1)], 4, "udp")]


# Several workers where the peer knows nothing of their queues, and where there are as many.
CASES = [(kind, 1) for kind in sorted(KINDS)] + [("memif_client", 2), ("tap", 2), ("vhost", 2)]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    return request.param


@pytest.fixture(scope="module")
def kind(case):
    return case[0]


@pytest.fixture(scope="module")
def net(kind):
    with KINDS[kind]() as net:
        yield net


@pytest.fixture(scope="module")
def box(net, case):
    with net.appliance(KernelSetup(services(), workers=case[1], device=net.device)) as box:
        box.launch()
        box.ready()
        net.started()
        net.serve(PAGE)
        for name in ("tcp4", "tcp6"):
            wait_until(lambda: resolved(box, name), 30, "the server is resolved")
        wait_until(lambda: answers(net), 30, "the service answers")
        yield box
        evidence.assert_balanced(box.settled(0))
        box.end()


def resolved(box, name):
    return any(one["service"] == name and one["mac"] for one in box.admin.call("show.servers"))


def answers(net, addresses=(network.VIP4, network.VIP6)):
    try:
        for address in addresses:
            net.client.connect(address, network.TCP_PORT).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("address", [network.VIP4, network.VIP6])
def test_a_page_comes_whole(net, box, address):
    """TCP between two kernels, which look at every checksum."""
    status, _, text = net.client.get(network.TCP_PORT, "/", address=address)
    assert (status, text) == (200, PAGE)


def test_only_partial_checksums_are_completed(kind, net, box):
    before = box.counters()["checksum.completed"]
    net.client.get(network.TCP_PORT, "/", address=network.VIP4)
    completed = box.counters()["checksum.completed"] - before
    # A request, its answer of many segments, and both SYNs at the least.
    assert completed >= 10 if kind in PARTIAL else completed == 0


def test_labelled_packets_are_switched(net, box):
    flow = udp(1).with_(front=network.FRONT_MAC, back=network.BACK_MAC)
    client, host = net.raw(net.client), net.raw(net.server)
    for raw in (client, host):
        raw.settimeout(20)

    def pass_on(sender, frame, receiver, source):
        """What a host receives from the appliance's port, once the frame was sent."""
        sender.send(frame)
        while True:
            found = Frame(receiver.recv(4096))
            if found.source == source and found.ip is not None and found.ip.haslayer("UDP"):
                return found

    odd = pass_on(client, flow.up(flow.send()), host, flow.back).label
    assert odd % 2 == 1
    pass_on(host, flow.down(flow.answer(), label=odd + 1), client, flow.front)
    pass_on(client, flow.up(flow.send(), label=odd), host, flow.back)
    wait_until(lambda: box.admin.call("status")["labels"]["live"] == 1, 20, "a live pair")
    before = box.counters()["label.switched"]
    # RFC 3032 2.4.3: the label's TTL counts, the packet's waits.
    there = pass_on(client, flow.up(flow.send(b"there"), label=odd), host, flow.back)
    assert there.unpadded == flow.at_server(flow.send(b"there"), odd, ttl=64, label_ttl=63)
    back = flow.down(flow.answer(b"back"), label=odd + 1)
    back = pass_on(host, back, client, flow.front)
    assert back.unpadded == flow.at_client(flow.answer(b"back"), odd + 1, ttl=64, label_ttl=63)
    assert box.counters()["label.switched"] == before + 2


def test_the_port_says_what_it_can_do(case, kind, net, box):
    for port in box.admin.call("show.ports"):
        assert port["rx_queues"] == port["tx_queues"] == (2 if case == ("tap", 2) else 1)
        # A TAP device that has moved to another namespace cannot be asked.
        assert kind == "tap" or port["link"].startswith("up")
        assert port["mac_filter"] == port["rss"] == port["vlan"] == "software"
        assert port["label_rss"] == "none" and port["mtu"] == 1500
        assert (port["checksums"] == "completed in software") == (kind in PARTIAL)
        assert port["ipackets"] > 0 and port["opackets"] > 0
    lines = [line for line in box.log().splitlines() if " port front: " in line]
    assert any("MAC filter by software" in line and "checksums" in line for line in lines)


@pytest.mark.parametrize("kind", ["vhost"])
def test_a_peer_may_come_back(kind):
    """It is served as before; the page of the manual says so of this kind of port."""
    with KINDS[kind]() as net, net.appliance(KernelSetup(services(), device=net.device)) as box:
        box.launch()
        box.ready()
        net.started()
        (net.server.folder / "index.html").write_text(PAGE)
        net.server.web_server("0.0.0.0", network.TCP_PORT)
        for life in range(2):
            wait_until(lambda: resolved(box, "tcp4"), 30, "the server is resolved")
            wait_until(lambda: answers(net, [network.VIP4]), 30, "the service answers")
            answer = net.client.get(network.TCP_PORT, "/", address=network.VIP4)
            assert (answer[0], answer[2]) == (200, PAGE)
            if life == 0:
                net.end_peer()
                wait_until(lambda: links(box) == {"down"}, 30, "the links are down")
                net.started()
                wait_until(lambda: "down" not in links(box), 30, "the links are up")
        box.end()


def links(box):
    return {port["link"] for port in box.admin.call("show.ports")}


def test_offloads_that_lengthen_packets_are_named():
    """Those of the device itself by name, those of a peer that is not seen by what to do there."""
    with KernelNetwork() as other:
        other.box.run("ethtool", "-K", "front0", "gro", "on")
        with other.appliance(KernelSetup(services())) as box:
            box.launch()
            box.ready()
            warnings = [line for line in box.log().splitlines() if "port front:" in line]
            assert any("run: ethtool -K front0 gro off" in line for line in warnings)
            assert any("another network namespace" in line for line in warnings)
            assert not any("ethtool -K back0" in line for line in box.log().splitlines())
