"""The label tests in their order, and what becomes of labels that fail them (protocol 3.2, 3.6)."""

import pytest

from harness import network
from harness.flows import tcp, udp
from harness.frames import MPLS, Entry, ethernet
from harness.live import Live
from harness.running import run
from harness.setup import one_arm, two_arms

FLOW = tcp()
OTHER = tcp(client=2)
STRANGE = tcp(port=81)


def raw_label(content):
    return ethernet(network.FRONT_MAC, FLOW.client_mac, MPLS, content)


def over(entries, payload=b""):
    """A stack over any bytes; `entries` are words of 32 bits."""
    return raw_label(b"".join(word.to_bytes(4, "big") for word in entries) + payload)


def word(label, ttl=64, bottom=1):
    return label << 12 | bottom << 8 | ttl


@pytest.fixture(scope="module")
def box():
    """A live session with pair 17/18 between label endpoints."""
    with Live(one_arm()) as live:
        live.send(*FLOW.opening(18, 17, null=0))
        yield live


def data(**fields):
    return FLOW.up(FLOW.send(), **fields)


IP = bytes(FLOW.request(FLOW.send()))

DROPPED = {
    "nothing behind the ethertype": (raw_label(b""), "label_short"),
    "one byte of label": (raw_label(b"\0"), "label_short"),
    "three bytes of label": (raw_label(b"\0\x01\x11"), "label_short"),
    "label and nothing": (over([word(17)]), "label_short"),
    "null and nothing": (over([word(0, bottom=0)]), "label_short"),
    "null, half a label": (over([word(0, bottom=0)], b"\0\x01"), "label_short"),
    "null over nothing": (over([word(0)]), "label_short"),
    **{
        f"reserved {label}": (data(label=label), "label_reserved")
        for label in (1, 3, 4, 7, 13, 14, 15)
    },
    "null over reserved": (data(label=[0, 7]), "label_reserved"),
    "reserved over a session label": (data(label=[7, 17]), "label_reserved"),
    "S = 0 over another label": (data(label=[17, 17]), "label_stack"),
    "S = 0 over IP": (data(label=Entry(17, bottom=False)), "label_stack"),
    "null over S = 0": (data(label=[0, 17, 16]), "label_stack"),
    "TTL 1": (data(label=17, label_ttl=1), "ttl"),
    "TTL 0": (data(label=Entry(17, ttl=0)), "ttl"),
    "unknown with TTL 1": (data(label=99, label_ttl=1), "ttl"),
    "null with TTL 1": (data(label=0, label_ttl=1), "ttl"),
    "IP TTL 1": (data(ttl=1), "ttl"),
    "nibble 0": (over([word(17)], b"\0" * 40), "label_payload"),
    "nibble 5": (over([word(17)], b"\x55" + IP[1:]), "label_payload"),
    "nibble 15 behind null": (over([word(0)], b"\xf5" + IP[1:]), "label_payload"),
    "reserved before S": (data(label=[5, 17]), "label_reserved"),
    "S before TTL": (data(label=Entry(17, ttl=1, bottom=False)), "label_stack"),
    "TTL before nibble": (over([word(17, ttl=1)], b"\0" * 40), "ttl"),
}


@pytest.mark.parametrize("raw, reason", DROPPED.values(), ids=DROPPED.keys())
def test_dropped(box, raw, reason):
    step = box.send(raw)
    assert step.drops() == {reason: 1}
    assert step.out == {"front": []}
    assert "label.unknown" not in step.rise


UNKNOWN = {
    "16": (FLOW, 16),
    "1,048,575": (FLOW, 1_048_575),
    "free C2S": (FLOW, 101),
    "free S2C": (FLOW, 102),
    "the last pair": (FLOW, 1_048_573),
    "null over unknown": (FLOW, [0, 999]),
}


@pytest.mark.parametrize("flow, label", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_unknown_label_is_popped_and_analysed(box, flow, label):
    step = box.send(flow.up(flow.send(), label=label, ttl=50, label_ttl=30))
    assert step.bytes() == [flow.at_server(flow.send(), label=17, ttl=29)]
    assert (step.rise["label.unknown"], step.rise["analysed.forwarded"]) == (1, 1)
    assert "label.switched" not in step.rise


@pytest.mark.parametrize("label", [17, 101])
@pytest.mark.parametrize("flow, reason", [(OTHER, "no_session"), (STRANGE, "not_service")])
def test_a_label_opens_no_door(box, label, flow, reason):
    """A pair's label on a packet that is not its session's counts as unknown, by the guard."""
    step = box.send(flow.up(flow.send(), label=label))
    assert step.out["front"] == []
    assert step.drops() == {reason: 1}
    assert step.rise["label.unknown"] == 1


STACKS = {
    "null": [0, 17],
    "IPv6 null": [2, 17],
    "two nulls": [0, 0, 17],
    "six nulls": [0, 2, 0, 2, 0, 2, 17],
}


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS.keys())
def test_explicit_null_over_a_session_label(box, stack):
    step = box.send(FLOW.up(FLOW.send(), label=stack))
    assert step.bytes() == [FLOW.at_server(FLOW.send(), label=17, ttl=64, label_ttl=63)]
    assert step.rise["label.switched"] == 1


@pytest.mark.parametrize("stack", [[0], [0, 0], [0, 0, 0]])
def test_explicit_null_over_ip(box, stack):
    step = box.send(FLOW.up(FLOW.send(), label=stack))
    assert step.bytes() == [FLOW.at_server(FLOW.send(), label=17)]
    assert step.rise["analysed.forwarded"] == 1


@pytest.mark.parametrize("ttl", [2, 64, 255])
def test_ttl_of_a_switched_packet(box, ttl):
    step = box.send(FLOW.up(FLOW.send(), label=17, ttl=3, label_ttl=ttl))
    assert step.bytes() == [FLOW.at_server(FLOW.send(), label=17, ttl=3, label_ttl=ttl - 1)]


@pytest.mark.parametrize("label", [18, 999])
def test_the_label_sets_the_ttl_even_if_it_is_the_higher(label):
    """Popped at the exit (18) or before analysis (999): label TTL - 1 goes into IP."""
    flow = udp()
    tail = flow.down(flow.answer(), label=label, ttl=10, label_ttl=200)
    result = run(one_arm(), front=flow.opening(18) + [tail])
    assert result.bytes()[3] == flow.at_client(flow.answer(), ttl=199)


def test_unknown_labels_are_discarded_if_so_configured():
    frames = FLOW.opening(18) + [
        FLOW.up(FLOW.send(), label=16),
        FLOW.up(FLOW.send(), label=1_048_575),
        FLOW.up(FLOW.send(), label=19),
        OTHER.up(OTHER.syn(), label=17),
        FLOW.down(FLOW.answer(), label=18),
    ]
    result = run(one_arm(labels={"unknown": "discard"}), front=frames)
    assert result.drops() == {"label_unknown": 4}
    assert result.counters["label.unknown"] == 4
    assert result.bytes()[3:] == [FLOW.at_client(FLOW.answer())]


def test_a_labelled_new_session():
    """An unknown label does not keep a packet from starting a session, and tells of an endpoint."""
    flow = udp()
    frames = [flow.up(flow.send(), label=1001), flow.down(flow.answer(), label=18)]
    result = run(one_arm(), front=frames)
    assert result.bytes() == [
        flow.at_server(flow.send(), label=17),
        flow.at_client(flow.answer(), label=18),
    ]
    assert result.counters["label.unknown"] == 1


@pytest.mark.parametrize("guard", ["flow", "port"])
def test_sides_and_guards_of_two_arms(guard):
    flow = FLOW.with_(back=network.BACK_MAC)
    other = OTHER.with_(back=network.BACK_MAC)
    with Live(two_arms(labels={"guard": guard})) as box:
        first, answer, last = flow.opening(18)
        box.send(front=[first])
        box.send(back=[answer])
        box.send(front=[last])

        # A C2S label on the servers' side, an S2C label on the clients'.
        step = box.send(back=[flow.with_(front=network.BACK_MAC).up(flow.send(), label=17)])
        assert (step.drops(), step.rise["label.unknown"]) == ({"wrong_side": 1}, 1)
        step = box.send(front=[flow.with_(back=network.FRONT_MAC).down(flow.answer(), label=18)])
        assert (step.drops(), step.rise["label.unknown"]) == ({"wrong_side": 1}, 1)

        # Another session's packet with this session's label.
        step = box.send(front=[other.up(other.send(), label=17)])
        if guard == "flow":
            assert (step.drops(), step.rise["label.unknown"]) == ({"no_session": 1}, 1)
        else:
            expected = other.at_server(other.send(), label=17, ttl=64, label_ttl=63)
            assert step.bytes("back") == [expected]
            assert step.rise["label.switched"] == 1


def test_one_arm_has_the_flow_guard_whatever_is_configured():
    frames = FLOW.opening(18) + [OTHER.up(OTHER.send(), label=17)]
    result = run(one_arm(labels={"guard": "port"}), front=frames)
    assert result.drops() == {"no_session": 1}
    assert result.counters["label.unknown"] == 1
