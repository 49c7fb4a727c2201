"""Next hops that the kernel has yet to find: what Maglev names does not depend on them, so that a restart
leads no session to another server. One that does not answer is passed over."""

import pytest

from support.waiting import wait_until

from harness import evidence, network
from harness.flows import tcp, udp
from harness.kernel_network import SERVER, KernelNetwork, KernelSetup
from harness.setup import service

LATE = network.server_address(2)  # another address of the same host, that comes and goes
# Nobody has them, so that no host answers in the sessions.
NOWHERE = {"tcp": "203.0.113.94", "udp": "203.0.113.95"}
SERVERS = [
    {"name": "s1", "address": SERVER, "labels": False},
    {"name": "s2", "address": LATE, "labels": False},
]
FLOWS = range(1, 25)


def configured(algorithm):
    services = [
        service(SERVERS, protocol=protocol, address=address, algorithm=algorithm)
        for protocol, address in NOWHERE.items()
    ]
    timeouts = {"tcp-embryonic": "1h", "udp-embryonic": "1h"}
    return KernelSetup(services, timeouts=timeouts)


@pytest.fixture(scope="module")
def net():
    with KernelNetwork() as net:
        net.client.sysctl("net.ipv4.ip_forward", 0)
        net.server.sysctl("net.ipv4.ip_forward", 0)
        yield net


@pytest.fixture
def start(net):
    """Starts the appliance; ends it when asked, and at the test's end."""
    boxes = []

    def launched(algorithm="maglev", patience=None):
        box = net.appliance(configured(algorithm))
        boxes.append(box)
        box.launch()
        box.ready()
        if patience:
            net.box.sysctl("net.ipv4.neigh.back.retrans_time_ms", patience)
        wait_until(lambda: shown(box)["s1"]["mac"], 20, "s1 is resolved")
        return box

    yield launched
    for box in boxes:
        box.__exit__()
    net.server.run("ip", "address", "flush", "dev", "eth0", "to", f"{LATE}/32")


def shown(box):
    return {one["name"]: one for one in box.admin.call("show.servers")}


def hold(net):
    net.server.ip("address", "replace", f"{LATE}/24", "dev", "eth0")


def drop(net):
    net.server.ip("address", "del", f"{LATE}/24", "dev", "eth0")


class Sent:
    """Frames of flows of both protocols: how many came to nothing, and whose sessions they made."""

    def __init__(self, net, box, packet):
        client = net.raw(net.client)
        before = box.counters()
        made = [tcp(number) for number in FLOWS] + [udp(number) for number in FLOWS]
        for flow in made:
            flow = flow.with_(front=network.FRONT_MAC)
            content = flow.request(packet(flow))
            content.dst = NOWHERE[flow.protocol]
            raw = bytes.fromhex(network.FRONT_MAC.replace(":", ""))
            raw += bytes.fromhex(network.client_mac(1).replace(":", "")) + b"\x08\x00"
            client.send(raw + bytes(content))
        client.close()
        after = box.settled(before["rx.packets"] + len(made))
        self.without_way = after["drop.no_next_hop"] - before["drop.no_next_hop"]
        sessions = box.admin.call("show.sessions")["sessions"]
        self.servers = {(one["protocol"], one["client"]): one["server"] for one in sessions}


def amid(flow):
    return flow.send()


def first(flow):
    return flow.syn() if flow.protocol == "tcp" else flow.send()


def test_a_restart_leads_no_session_to_another_server(net, start):
    hold(net)
    box = start()
    wait_until(lambda: shown(box)["s2"]["mac"], 20, "s2 is resolved")
    whole = Sent(net, box, first)
    assert whole.without_way == 0
    assert len(whole.servers) == 2 * len(FLOWS)
    assert set(whole.servers.values()) == {"s1", "s2"}
    box.end()
    drop(net)
    # The kernel asks three times before it says that nobody answers, and waits so long for each.
    box = start(patience=4000)
    early = Sent(net, box, amid)
    assert shown(box)["s2"]["mac"] is None
    assert early.servers == {key: name for key, name in whole.servers.items() if name == "s1"}
    assert early.without_way == list(whole.servers.values()).count("s2")
    hold(net)
    wait_until(lambda: shown(box)["s2"]["mac"], 60, "s2 is resolved")
    assert Sent(net, box, amid).servers == whole.servers
    evidence.assert_balanced(box.settled(0))


def passed_over(net, box):
    """What came of the first packets, if none of them had no way."""
    sent = Sent(net, box, first)
    return None if sent.without_way else sent


@pytest.mark.parametrize("algorithm", ["maglev", "rr"])
def test_who_does_not_answer_is_passed_over(net, start, algorithm):
    box = start(algorithm)
    wait_until(lambda: f"next hop {LATE} of port back does not answer" in box.log(), 30, "silence")
    alone = wait_until(lambda: passed_over(net, box), 5, "the workers know")
    assert len(alone.servers) == 2 * len(FLOWS) and set(alone.servers.values()) == {"s1"}
    hold(net)
    wait_until(lambda: shown(box)["s2"]["mac"], 30, "s2 is resolved")
    assert f"next hop {LATE} of port back is at" in box.log()


def test_a_server_of_a_reload_is_awaited(net, start):
    """It is asked for from then on, and no session is meant for it before it answers."""
    hold(net)
    box = start()
    wait_until(lambda: shown(box)["s2"]["mac"], 20, "s2 is resolved")
    new = configured("maglev")
    for one in new.services:
        address = network.server_address(3)
        one["servers"] = [*SERVERS, {"name": "s3", "address": address, "labels": False}]
    box.config.write_text(new.text(box.folder))
    box.admin.call("reload")
    assert shown(box)["s3"]["mac"] is None
    sent = Sent(net, box, first)
    assert sent.without_way == 0 and set(sent.servers.values()) == {"s1", "s2"}
