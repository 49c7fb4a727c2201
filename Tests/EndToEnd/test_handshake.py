"""TCP from SYN to the end of a session: MSS, promotion, closing, interruption, new sessions."""

import pytest
from scapy.layers.inet import IPOption
from scapy.layers.inet6 import IPv6ExtHdrDestOpt

from support.waiting import wait_until

from harness.flows import CLIENT_ISN, SERVER_ISN, tcp, udp
from harness.live import Live
from harness.running import run
from harness.setup import one_arm, service

# 1,500 less the label's 4 and headers of 40 or 60 bytes.
CLAMP = {4: 1456, 6: 1436}
TIMESTAMP = ("Timestamp", (1, 2))


def options(mss):
    """MSS in all sorts of company; at odd places too, where it straddles checksum words."""
    return [
        [("MSS", mss)],
        [("NOP", None), ("MSS", mss)],
        [("NOP", None), ("NOP", None), ("MSS", mss)],
        [("NOP", None), ("NOP", None), ("NOP", None), ("MSS", mss)],
        [("SAckOK", b""), ("MSS", mss), TIMESTAMP, ("NOP", None), ("WScale", 7)],
        [TIMESTAMP, ("NOP", None), ("MSS", mss), ("EOL", None)],
    ]


@pytest.mark.parametrize("version", [4, 6])
def test_mss_is_clamped_to_leave_room_for_the_label(version):
    limit = CLAMP[version]
    values = [0, 536, limit - 1, limit, limit + 1, limit + 4, 1460, 8960, 65535]
    frames, expected = [], []
    client = 0
    for mss in values:
        for before, after in zip(options(mss), options(min(mss, limit))):
            client += 1
            flow = tcp(client, version)
            odd = 15 + 2 * client
            frames.append(flow.up(flow.syn(options=before)))
            frames.append(flow.down(flow.syn_ack(options=before), label=odd + 1))
            expected.append(flow.at_server(flow.syn(options=after), label=odd))
            expected.append(flow.at_client(flow.syn_ack(options=after)))
    assert run(one_arm(), front=frames).bytes() == expected


@pytest.mark.parametrize("version", [4, 6])
def test_mss_follows_the_links_mtu(version):
    flow = tcp(version=version)
    frames = [flow.up(flow.syn(mss=1460)), flow.down(flow.syn_ack(mss=1460), label=18)]
    result = run(one_arm(port={"mtu": 1400}), front=frames)
    clamp = CLAMP[version] - 100
    assert result.bytes() == [
        flow.at_server(flow.syn(mss=clamp), label=17),
        flow.at_client(flow.syn_ack(mss=clamp)),
    ]


def test_the_clamp_looks_behind_options_extensions_and_data():
    first, second, third = tcp(1), tcp(2, version=6), tcp(3)
    padding = IPOption(b"\x01\x01\x01\x00")

    def ecn_setup(mss):
        return third.segment("SEC", 7, data=b"odd", options=[("MSS", mss)])

    frames = [
        first.up(first.syn(mss=1460), options=[padding]),
        second.up(IPv6ExtHdrDestOpt() / second.syn(mss=1440)),
        third.up(ecn_setup(1460), label=0),
    ]
    assert run(one_arm(), front=frames).bytes() == [
        first.at_server(first.syn(mss=1456), label=17, options=[padding]),
        second.at_server(IPv6ExtHdrDestOpt() / second.syn(mss=1436), label=19),
        third.at_server(ecn_setup(1456), label=21),
    ]


def test_nothing_but_syn_is_clamped():
    flow = tcp()
    segment = flow.segment("A", CLIENT_ISN + 1, SERVER_ISN + 1, options=[("MSS", 9000)])
    result = run(one_arm(), front=flow.opening(18) + [flow.up(segment)])
    assert result.bytes()[3] == flow.at_server(segment, label=17)


@pytest.fixture
def box():
    with Live(one_arm(timeouts={"tcp-closing": "60s"})) as live:
        yield live


def states(box):
    labels = box.admin.call("status")["labels"]
    return {state: labels[state] for state in ("embryonic", "live", "closing") if labels[state]}


def test_embryonic_pairs_are_not_switched(box):
    flow = tcp()
    box.send(flow.up(flow.syn(), label=0))
    assert states(box) == {"embryonic": 1}
    step = box.send(flow.down(flow.syn_ack(), label=18), flow.down(flow.syn_ack(), label=18))
    assert step.rise["analysed.forwarded"] == 2
    assert step.bytes() == [flow.at_client(flow.syn_ack(), label=18)] * 2

    forged = flow.segment("PA", CLIENT_ISN + 1, SERVER_ISN + 7777, b"blind")
    step = box.send(flow.up(forged, label=17), flow.up(forged, label=17))
    assert "label.switched" not in step.rise
    assert states(box) == {"embryonic": 1}

    step = box.send(flow.up(flow.ack(), label=17))
    assert step.rise["analysed.forwarded"] == 1
    assert states(box) == {"live": 1}
    step = box.send(flow.up(flow.send(), label=17), flow.down(flow.answer(), label=18))
    assert step.rise["label.switched"] == 2


def test_data_that_overtakes_the_acknowledgement_promotes_as_well(box):
    flow = tcp()
    first, answer, _ = flow.opening(18)
    box.send(first, answer, flow.up(flow.send()))
    assert states(box) == {"live": 1}


def test_udp_is_live_when_a_client_packet_follows_a_server_packet(box):
    flow = udp()
    box.send(flow.up(flow.send()), flow.up(flow.send()), flow.down(flow.answer(), label=18))
    assert states(box) == {"embryonic": 1}
    box.send(flow.up(flow.send()))
    assert states(box) == {"live": 1}


def test_a_repeated_syn_starts_no_second_session(box):
    flow = tcp()
    step = box.send(*[flow.up(flow.syn())] * 3)
    assert step.bytes() == [flow.at_server(flow.syn(), label=17)] * 3
    assert step.rise["session.new"] == 1


def test_the_last_syn_sets_the_numbers(box):
    flow = tcp()
    box.send(flow.up(flow.syn()), flow.up(flow.segment("S", 777_000)))
    box.send(flow.down(flow.segment("SA", 5000, 777_001, from_server=True), label=18))
    box.send(flow.up(flow.segment("A", 777_001, 5001)))
    assert states(box) == {"live": 1}


def fin(flow):
    return [
        flow.up(flow.segment("FA", CLIENT_ISN + 1, SERVER_ISN + 1)),
        flow.down(flow.segment("FA", SERVER_ISN + 1, CLIENT_ISN + 2, from_server=True)),
        flow.up(flow.segment("A", CLIENT_ISN + 2, SERVER_ISN + 2)),
    ]


def test_fin_both_ways_closes_and_labels_are_still_switched(box):
    flow = tcp()
    box.send(*flow.opening(18, 17, null=0))
    first, second, last = fin(flow)
    box.send(first)
    assert states(box) == {"live": 1}
    step = box.send(second, last)
    assert states(box) == {"closing": 1}
    assert [frame.label for frame in step.out["front"]] == [18, 17]
    step = box.send(flow.up(flow.send(), label=17), flow.down(flow.answer(), label=18))
    assert step.rise["label.switched"] == 2
    assert states(box) == {"closing": 1}


@pytest.mark.parametrize("side", ["client", "server"])
def test_rst_interrupts_and_traffic_both_ways_revives(box, side):
    flow = tcp()
    box.send(*flow.opening(18))
    if side == "client":
        reset = flow.segment("R", CLIENT_ISN + 1)
        step = box.send(flow.up(reset))
        assert step.bytes() == [flow.at_server(reset, label=17)]
    else:
        reset = flow.segment("R", SERVER_ISN + 1, from_server=True)
        step = box.send(flow.down(reset))
        assert step.bytes() == [flow.at_client(reset)]
    assert states(box) == {"closing": 1}
    step = box.send(flow.down(flow.answer(), label=18))
    assert step.rise["label.switched"] == 1
    box.send(flow.up(flow.send()), flow.down(flow.answer()), flow.up(flow.send()))
    assert states(box) == {"live": 1}


def test_a_closing_session_ends_and_its_label_is_unknown_after():
    flow = tcp()
    setup = one_arm(timeouts={"tcp-closing": "300ms"}, labels={"quarantine": "60s"})
    with Live(setup) as box:
        box.send(*flow.opening(18), *fin(flow))
        wait_until(lambda: box.appliance.counters()["session.ended"] == 1, 10, "the session ends")
        status = box.admin.call("status")
        assert status["sessions"] == 0
        assert status["labels"]["quarantined"] == 1
        box.step()
        step = box.send(flow.up(flow.send(), label=17))
        assert (step.drops(), step.rise["label.unknown"]) == ({"no_session": 1}, 1)


IDLE = [
    (tcp(), "tcp-embryonic"),
    (udp(), "udp-embryonic"),
    (tcp(), "tcp-established"),
    (udp(), "udp"),
]


@pytest.mark.parametrize("flow, timeout", IDLE, ids=[timeout for _, timeout in IDLE])
def test_idle_sessions_end(flow, timeout):
    others = {"tcp-embryonic", "udp-embryonic", "tcp-established", "udp"} - {timeout}
    timeouts = {timeout: "300ms"} | {other: "60s" for other in others}
    embryonic = timeout.endswith("embryonic")
    with Live(one_arm(timeouts=timeouts)) as box:
        box.send(*(flow.opening(18)[:1] if embryonic else flow.opening(18)))
        wait_until(lambda: box.appliance.counters()["session.ended"] == 1, 10, "the session ends")


def test_a_syn_on_a_closing_session_starts_another(box):
    flow = tcp()
    box.send(*flow.opening(18), *fin(flow))
    again = flow.segment("S", CLIENT_ISN + 900_000)
    step = box.send(flow.up(again))
    assert step.bytes() == [flow.at_server(again, label=19)]
    assert (step.rise["session.new"], step.rise["session.ended"]) == (1, 1)
    step = box.send(flow.down(flow.answer(), label=18))
    assert step.rise["label.unknown"] == 1


def test_a_syn_on_a_live_session_stays_within_it(box):
    flow = tcp()
    box.send(*flow.opening(18))
    step = box.send(flow.up(flow.segment("S", CLIENT_ISN + 900_000)))
    assert step.bytes() == [flow.at_server(flow.segment("S", CLIENT_ISN + 900_000), label=17)]
    assert "session.new" not in step.rise
    assert states(box) == {"live": 1}
    assert box.send(flow.down(flow.answer(), label=18)).rise["label.switched"] == 1


def test_with_no_syn_ack_seen_the_number_after_the_syn_promotes():
    """A plain server may answer past the appliance. Both sessions end up in the same state."""
    seen, unseen, early = tcp(1), tcp(2), tcp(3)
    frames = [
        *seen.opening(),
        unseen.up(unseen.syn()),
        unseen.up(unseen.ack()),
        early.up(early.syn()),
        early.up(early.segment("A", CLIENT_ISN + 5000, SERVER_ISN + 1)),
    ]
    result = run(one_arm([service(labels=False)]), front=frames)
    state = {session["client"]: session["state"] for session in result.sessions}
    assert state[unseen.client_address] == state[seen.client_address]
    assert state[early.client_address] != state[seen.client_address]
