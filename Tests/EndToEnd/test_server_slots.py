"""A server that leaves with a reload keeps its slot, and with it the way to it, until its last session
has ended, closing ones too. Only then another server gets the slot. A name that gets another address is
another server."""

import pytest

from support.waiting import wait_until

from harness import network
from harness.flows import CLIENT_ISN, SERVER_ISN, tcp
from harness.live import Live
from harness.private_network import PrivateNetwork
from harness.program import control
from harness.prometheus import Page
from harness.setup import one_arm, server, service


def configured(servers, workers, closing):
    timeouts = {"tcp-closing": closing, "tcp-embryonic": "1h"}
    return one_arm([service(servers)], workers=workers, inputs=workers, timeouts=timeouts)


def reload(box, setup):
    box.appliance.config.write_text(setup.text(box.appliance.folder))
    box.change("reload")


def servers(box):
    return {one["name"]: one for one in box.admin.call("show.servers")}


def slots(box):
    return {name: one["slot"] for name, one in servers(box).items()}


def state_of(box, flow):
    """Server and state of a session, as the appliance shows them; None without one."""
    shown = box.admin.call("show.sessions")["sessions"]
    found = [one for one in shown if one["client"] == flow.client_address]
    return (found[0]["server"], found[0]["state"]) if found else None


def begin(box, flow):
    """A live session: its flow with the server that it got, and its C2S label."""
    first = box.send(flow.up(flow.syn())).out["front"][0]
    flow = flow.with_(server=int(first.destination[-2:]))
    box.send(flow.down(flow.syn_ack(), label=first.label + 1), flow.up(flow.ack()))
    assert state_of(box, flow) == (f"s{flow.server}", "live")
    return flow, first.label


def assert_reaches(box, flow, label):
    """By label both ways, and by key."""
    step = box.send(
        flow.up(flow.send(), label), flow.down(flow.answer(), label + 1), flow.up(flow.send())
    )
    assert step.bytes() == [
        flow.at_server(flow.send(), label, ttl=64, label_ttl=63), flow.at_client(flow.answer()),
        flow.at_server(flow.send(), label),
    ]  # fmt: skip
    assert step.rise["label.switched"] == 2


def close(box, flow):
    """FINs both ways, and what acknowledges the second."""
    box.send(flow.up(flow.segment("FA", CLIENT_ISN + 1, SERVER_ISN + 1)))
    box.send(flow.down(flow.segment("FA", SERVER_ISN + 1, CLIENT_ISN + 2, from_server=True)))
    box.send(flow.up(flow.segment("A", CLIENT_ISN + 2, SERVER_ISN + 2)))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_slot_is_given_again_after_the_last_session(workers):
    """That ends with a SYN of the same client, which begins another: at a moment of the test's own."""
    closing = "1h"
    with Live(configured((1, 2), workers, closing)) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        (flow, label), (other, other_label) = sorted(begun, key=lambda one: one[0].server)
        assert (flow.server, other.server) == (1, 2)
        assert slots(box) == {"s1": 0, "s2": 1}

        # It leaves with an established session, and another server comes.
        reload(box, configured((2, 3), workers, closing))
        assert slots(box) == {"s1": 0, "s2": 1, "s3": 2}
        assert servers(box)["s1"]["retired"] and servers(box)["s1"]["sessions"] == 1
        box.step()
        assert_reaches(box, flow, label)
        assert state_of(box, flow) == ("s1", "live")

        # The session is closing: no load of the server, and there all the same.
        close(box, flow)
        assert state_of(box, flow) == ("s1", "closing")
        reload(box, configured((2, 3, 4), workers, closing))
        assert slots(box) == {"s1": 0, "s2": 1, "s3": 2, "s4": 3}
        assert servers(box)["s1"]["retired"] and servers(box)["s1"]["sessions"] == 0
        box.step()
        assert_reaches(box, flow, label)
        assert state_of(box, flow) == ("s1", "closing")

        # Its end frees the slot.
        again = box.send(flow.up(flow.syn())).out["front"][0]
        assert again.destination != network.server_mac(1) and again.label != label
        wait_until(lambda: "s1" not in slots(box), 20, "s1 is gone")
        assert slots(box) == {"s2": 1, "s3": 2, "s4": 3}
        box.step()
        assert box.send(flow.down(flow.answer(), label + 1)).rise["label.unknown"] == 1

        # The next server gets it, with nothing of the former one's.
        reload(box, configured((2, 3, 4, 5), workers, closing))
        assert slots(box) == {"s2": 1, "s3": 2, "s4": 3, "s5": 0}
        five = servers(box)["s5"]
        assert (five["sessions"], five["total_sessions"]) == (0, 0)
        assert five["mac"] == network.server_mac(5) and not five["retired"]
        box.step()
        new = [begin(box, tcp(client)) for client in range(11, 19)]
        assert {one.server for one, _ in new} == {2, 3, 4, 5}
        assert servers(box)["s5"]["total_sessions"] == 2
        for one in [*new, (other, other_label)]:
            assert_reaches(box, *one)


def test_time_ends_the_last_session():
    """With FINs alone: `tcp-closing` later the slot is free."""
    with Live(configured((1, 2), 1, "300ms")) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        flow, label = min(begun, key=lambda one: one[0].server)
        reload(box, configured((2, 3), 1, "300ms"))
        assert slots(box) == {"s1": 0, "s2": 1, "s3": 2}
        close(box, flow)
        wait_until(lambda: "s1" not in slots(box), 20, "s1 is gone")
        reload(box, configured((2, 3, 4), 1, "300ms"))
        assert slots(box) == {"s2": 1, "s3": 2, "s4": 0}
        box.step()
        # Nothing of it is known any more, neither the label nor the server.
        late = box.send(flow.down(flow.answer(), label + 1))
        assert late.rise["label.unknown"] == 1 and late.drops() == {"not_server": 1}


def test_a_server_that_comes_back_finds_its_slot_and_sessions():
    """Before its last session ended: it is the same server."""
    with Live(configured((1, 2), 1, "1h")) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        flow, label = min(begun, key=lambda one: one[0].server)
        reload(box, configured((2,), 1, "1h"))
        reload(box, configured((3, 1, 2), 1, "1h"))
        assert slots(box) == {"s1": 0, "s2": 1, "s3": 2}
        shown = servers(box)["s1"]
        assert (shown["retired"], shown["sessions"], shown["total_sessions"]) == (False, 1, 1)
        box.step()
        assert_reaches(box, flow, label)
        new = [begin(box, tcp(client)) for client in range(11, 17)]
        assert {one.server for one, _ in new} == {1, 2, 3}


METRICS = "127.0.0.1:9464"


@pytest.fixture(scope="module")
def inside():
    with PrivateNetwork() as inside:
        yield inside


@pytest.mark.parametrize("workers", [1, 2])
def test_a_name_that_gets_another_address_is_another_server(inside, workers):
    """Sessions stay with the host that they began with, and an operator can tell the two apart."""

    def setup(host):
        """Server s1 is this host."""
        named = [server(host, name="s1"), server(2)]
        timeouts = {"tcp-closing": "300ms", "tcp-embryonic": "1h"}
        options = {"timeouts": timeouts, "metrics": METRICS}
        return one_arm([service(named)], workers=workers, inputs=workers, **options)

    def shown_sessions():
        return {
            (one["client"], one["server"], one["state"])
            for one in box.admin.call("show.sessions")["sessions"]
        }

    def set_server(name, state):
        done = control(box.appliance.socket, "server", "set", f"tcp4/{name}", "--state", state)
        assert done.returncode == 0, done.stderr
        box.pass_fillers()

    old_name = f"s1/{network.server_address(1)}"
    with Live(setup(1), inside) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        (flow, label), (other, other_label) = sorted(begun, key=lambda one: one[0].server)
        reload(box, setup(7))
        assert slots(box) == {"s1": 2, "s2": 1, old_name: 0}
        old, new = servers(box)[old_name], servers(box)["s1"]
        assert (old["retired"], old["state"], old["sessions"]) == (True, "drain", 1)
        assert (old["address"], old["mac"]) == (network.server_address(1), network.server_mac(1))
        assert (new["retired"], new["state"], new["sessions"]) == (False, "ready", 0)
        assert (new["address"], new["mac"]) == (network.server_address(7), network.server_mac(7))
        box.step()
        assert_reaches(box, flow, label)
        assert_reaches(box, other, other_label)

        # New ones go to the new host, whose name it is.
        labels = {}
        for client in (3, 4):
            late = tcp(client)
            first = box.send(late.up(late.syn())).out["front"][0]
            late = late.with_(server=int(first.destination[-2:]))
            box.send(late.down(late.syn_ack(), label=first.label + 1), late.up(late.ack()))
            labels[late] = first.label
            assert_reaches(box, late, first.label)
        assert sorted(late.server for late in labels) == [2, 7]
        seventh = next(late for late in labels if late.server == 7)
        assert shown_sessions() == {
            (flow.client_address, old_name, "live"), (other.client_address, "s2", "live"),
        } | {
            (late.client_address, "s1" if late.server == 7 else "s2", "live") for late in labels
        }  # fmt: skip

        # Prometheus takes no two samples of the same labels, nor does `Page`.
        page = Page(inside.get(9464, "/metrics")[2])
        for name in (old_name, "s1"):
            assert page.value("tagline_server_sessions", service="tcp4", server=name) == 1

        # Each is told apart by its name.
        set_server(old_name, "maint")
        wait_until(lambda: old_name not in slots(box), 20, "the old host's session has ended")
        assert slots(box) == {"s1": 2, "s2": 1}
        box.step()
        assert_reaches(box, seventh, labels[seventh])
        set_server("s1", "maint")
        wait_until(lambda: servers(box)["s1"]["sessions"] == 0, 20, "the new host's, too")
        box.step()
        assert_reaches(box, other, other_label)


def test_an_address_that_comes_back_finds_its_slot_and_sessions():
    """Before its last session ended. Meanwhile another host had its name."""

    def setup(host):
        named = [server(host, name="s1"), server(2)]
        return configured(named, 1, "1h")

    with Live(setup(1)) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        flow, label = min(begun, key=lambda one: one[0].server)
        reload(box, setup(7))
        assert slots(box) == {"s1": 2, "s2": 1, f"s1/{network.server_address(1)}": 0}
        reload(box, setup(1))
        wait_until(lambda: len(slots(box)) == 2, 20, "the other host is gone")
        assert slots(box) == {"s1": 0, "s2": 1}
        assert not servers(box)["s1"]["retired"] and servers(box)["s1"]["sessions"] == 1
        box.step()
        assert_reaches(box, flow, label)
        new = [begin(box, tcp(client)) for client in range(11, 15)]
        assert {one.server for one, _ in new} == {1, 2}


def test_another_mac_of_the_address_is_the_same_server():
    """Its network card was changed: its sessions go there."""
    with Live(configured([server(1), server(2)], 1, "1h")) as box:
        begun = [begin(box, tcp(client)) for client in (1, 2)]
        flow, label = min(begun, key=lambda one: one[0].server)
        reload(box, configured([server(1, mac=network.server_mac(7)), server(2)], 1, "1h"))
        assert slots(box) == {"s1": 0, "s2": 1}
        step = box.send(flow.up(flow.send(), label))
        assert [frame.destination for frame in step.out["front"]] == [network.server_mac(7)]
