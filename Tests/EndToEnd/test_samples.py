"""Response times of requests: sessions that are analysed for a while, and what is shown of them."""

import time

import pytest

from harness.flows import CLIENT_ISN, SERVER_ISN, tcp, udp
from harness.hosts import Conversation, Host
from harness.live import Live
from harness.private_network import PrivateNetwork
from harness.prometheus import Page
from harness.running import run
from harness.setup import one_arm, service

SLOW = 0.4  # seconds that the server takes
# The clock of what is sent is this machine's, where others run too.
LATEST = 3.0
# A worker tells the time before it waits for the pipe.
EARLIEST = 0.75 * SLOW
PORT = 9464


def live(samples=100, **options):
    return Live(one_arm([service((1,), **{"response-samples": samples})], **options))


def shown(box):
    return box.admin.call("show.services")[0]["servers"][0]


def request(flow, turn, size=20):
    return flow.segment(
        "PA", CLIENT_ISN + 1 + size * turn, SERVER_ISN + 1 + 30 * turn, bytes(size)
    )


def response(flow, turn, size=20):
    return flow.segment(
        "PA", SERVER_ISN + 1 + 30 * turn, CLIENT_ISN + 1 + size * (turn + 1), bytes(30), True
    )


def test_four_requests_are_timed_and_then_labels_are_switched():
    flow = tcp(1)
    with live() as box:
        box.send(flow.up(flow.syn(), label=0))
        time.sleep(SLOW / 2)
        box.send(flow.down(flow.syn_ack(), label=18), flow.up(flow.ack(), label=17))
        begun = shown(box)
        assert EARLIEST / 2 <= begun["network_time_us"] / 1e6 < LATEST
        assert begun["request_time_us"] is None
        assert begun["response_time_us"] == begun["network_time_us"]
        assert box.admin.call("status")["labels"]["live"] == 1
        assert box.admin.call("show.sessions")["sessions"][0]["state"] == "live"
        assert box.admin.call("show.labels")["labels"][0]["state"] == "live"
        for turn in range(4):
            up = box.send(flow.up(request(flow, turn), label=17))
            assert up.bytes() == [flow.at_server(request(flow, turn), label=17)]
            time.sleep(SLOW)
            down = box.send(flow.down(response(flow, turn), label=18))
            assert down.bytes() == [flow.at_client(response(flow, turn), label=18)]
            assert up.rise["analysed.forwarded"] == down.rise["analysed.forwarded"] == 1
        # What the client thinks about is not the server's.
        time.sleep(SLOW)
        ask, answer = request(flow, 4), response(flow, 4)
        after = box.send(flow.up(ask, label=17), flow.down(answer, label=18))
        # The fifth request shows that the client has got all responses.
        assert (after.rise["analysed.forwarded"], after.rise["label.switched"]) == (1, 1)
        assert after.bytes() == [
            flow.at_server(ask, label=17),
            flow.at_client(answer, label=18, ttl=64, label_ttl=63),
        ]
        server = shown(box)
        assert EARLIEST <= server["request_time_us"] / 1e6 < LATEST
        assert server["response_time_us"] == server["request_time_us"]
        # Rounded as its sample ages.
        change = server["network_time_us"] - begun["network_time_us"]
        assert abs(change) < begun["network_time_us"] / 50
        counters = box.appliance.counters()
        assert counters["session.sampled"] == 1
        assert counters["label.embryonic_full"] == counters["label.unknown"] == 0


def test_what_would_be_wrong_is_not_taken():
    """A request sent again, two at once, and a greeting that crosses the request."""
    again, twice, greeted = tcp(1), tcp(2), tcp(3)
    with live() as box:
        box.send(*again.opening(18, 17), *twice.opening(20, 19), *greeted.opening(22, 21))
        box.send(again.up(request(again, 0)), again.up(request(again, 0)))
        box.send(again.down(response(again, 0), label=18))
        second = twice.segment("PA", CLIENT_ISN + 21, SERVER_ISN + 1, bytes(20))
        box.send(twice.up(request(twice, 0)), twice.up(second))
        box.send(twice.down(response(twice, 0), label=20))
        box.send(greeted.up(request(greeted, 0)), greeted.down(greeted.answer(), label=22))
        box.send(greeted.down(response(greeted, 0), label=22))
        for flow, label in ((again, 18), (twice, 20)):
            assert box.send(flow.down(flow.answer(), label=label)).rise["label.switched"] == 1
        assert shown(box)["request_time_us"] is None
        assert box.appliance.counters()["session.sampled"] == 3


def test_datagrams():
    flow = udp(1)
    services = [service((1,), protocol="udp", **{"response-samples": 100})]
    with Live(one_arm(services)) as box:
        box.send(flow.up(flow.send()))
        time.sleep(SLOW)
        box.send(flow.down(flow.answer(), label=18))
        first = shown(box)
        assert EARLIEST <= first["request_time_us"] / 1e6 < LATEST
        assert first["network_time_us"] is None
        box.send(flow.up(flow.send(), label=17))
        time.sleep(SLOW)
        step = box.send(flow.down(flow.answer(), label=18))
        # The client sent a label, so it is a label endpoint.
        assert step.bytes() == [flow.at_client(flow.answer(), label=18)]
        assert step.rise["analysed.forwarded"] == 1
        assert EARLIEST <= shown(box)["request_time_us"] / 1e6 < LATEST


SESSIONS = 2000


@pytest.mark.parametrize("percent", [0, 5, 100])
def test_the_share_of_sessions(percent):
    """By labels, a packet each way after the handshake: of sampled sessions both are analysed. What is
    sampled is within five standard deviations of a draw with replacement."""
    frames = []
    for client in range(1, SESSIONS + 1):
        talk = Conversation(tcp(client), Host(True, True, 4, None), Host(True, False, 4, None))
        talk.start()
        talk.client.remembered, talk.server.remembered = None, 2 * client + 16
        frames += [talk.packet(False, "S"), talk.packet(True, "SA")]
        talk.client.remembered = 2 * client + 15
        frames += [talk.packet(False, "A"), talk.packet(False, "PA", b"request")]
        frames += [talk.packet(True, "PA", b"response")]
    services = [service((1,), **{"response-samples": percent})]
    result = run(one_arm(services), front=frames)
    sampled = result.counters["session.sampled"]
    share = percent / 100
    assert abs(sampled - SESSIONS * share) <= 5 * (SESSIONS * share * (1 - share)) ** 0.5
    assert result.counters["label.switched"] == 2 * (SESSIONS - sampled)
    assert result.counters["analysed.forwarded"] == 3 * SESSIONS + 2 * sampled
    assert result.counters["label.unknown"] == 0
    # All come out, in order, each with the label of its session.
    assert len(result.out["front"]) == len(frames)
    labels = [frame.label for frame in result.out["front"]]
    assert labels == [
        2 * client + parity
        for client in range(1, SESSIONS + 1)
        for parity in (15, 16, 15, 15, 16)
    ]
    assert result.shown["status"]["labels"]["live"] == SESSIONS
    time_shown = result.shown["show.services"][0]["servers"][0]["request_time_us"]
    assert (time_shown is None) == (percent == 0)


def test_metrics():
    flow = tcp(1)
    with PrivateNetwork() as inside:
        options = {"metrics": f"127.0.0.1:{PORT}"}
        services = [service((1,), **{"response-samples": 100}), service((2,), name="b", port=81)]
        with Live(one_arm(services, **options), inside) as box:
            box.send(flow.up(flow.syn()))
            box.send(*flow.opening(18)[1:], flow.up(request(flow, 0)))
            time.sleep(SLOW)
            box.send(flow.down(response(flow, 0), label=18))
            page = Page(inside.get(PORT, "/metrics")[2])
            names = {"service": "tcp4", "server": "s1"}
            network_time = page.value("tagline_server_network_time_seconds", **names)
            request_time = page.value("tagline_server_request_time_seconds", **names)
            assert 0 <= network_time < LATEST
            assert EARLIEST <= request_time < LATEST
            assert page.value("tagline_server_response_time_seconds", **names) == request_time
            assert page.value("tagline_sessions_sampled_total") == 1
            # Of a server of which nothing is known nothing is said.
            unknown = [name for name, labels in page.samples if ("service", "b") in labels]
            assert not [name for name in unknown if name.endswith("_time_seconds")]
