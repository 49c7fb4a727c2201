"""Many conversations at once, as hosts have them that follow section 6 of the protocol."""

import random

import pytest

from harness import network
from harness.flows import tcp, udp
from harness.frames import Frame
from harness.hosts import Conversation, Host
from harness.live import Live
from harness.setup import one_arm, server, service

SEED = 3031
SERVERS = {1: True, 2: True, 3: False}  # number: label endpoint
CLIENTS = 48
LIVES = 3
SERVER_OF = {network.server_mac(number): number for number in SERVERS}


def script(dice, protocol):
    """The packets of one life: (from server, flags, bytes of data)."""
    number = dice.randrange(4, 9)
    data = [(dice.random() < 0.5, "PA", dice.randrange(1, 300)) for _ in range(number)]
    if protocol == "udp":
        return [(False, "", 10), (True, "", 20)] + [(side, "", size) for side, _, size in data]
    opening = [(False, "S", 0), (True, "SA", 0), (False, "A", 0)]
    if dice.random() < 0.3:
        return opening + data + [(dice.random() < 0.5, "RA", 0)]
    return opening + data + [(False, "FA", 0), (True, "FA", 0), (False, "A", 0)]


def conversations(dice):
    made = []
    for client in range(1, CLIENTS + 1):
        make, version = (tcp, tcp, udp)[client % 3], (4, 6)[client // 3 % 2]
        host = Host(endpoint=dice.random() < 0.5, client=True, version=version)
        made.append(Conversation(make(client, version), host, None))
    return made


def deliver(talk, sent, from_server, flags, frame):
    """What came out must be what went in, at the right host, with the right label."""
    if talk.server is None or flags == "S":
        number = SERVER_OF[frame.destination]
        talk.flow = talk.flow.with_(server=number)
        talk.server = Host(SERVERS[number], client=False, version=talk.flow.version)
    receiver = talk.client if from_server else talk.server
    assert frame.destination == (talk.flow.client_mac if from_server else talk.flow.server_mac)
    if receiver.endpoint and talk.pair is None:
        talk.pair = (frame.label - 1) | 1
    assert frame.label == (talk.pair + from_server if receiver.endpoint else None)
    assert min([frame.ttl] + [entry.ttl for entry in frame.labels]) == 63
    assert content_of(frame) == content_of(Frame(sent))
    receiver.learn(frame.label, flags == "S")


def content_of(frame):
    return frame.ip_bytes[20 if frame.ip.version == 4 else 40 :]


@pytest.mark.parametrize("workers, samples", [(1, 0), (2, 0), (2, 60)])
def test_every_packet_of_every_conversation_arrives(workers, samples):
    dice = random.Random(SEED)
    servers = [server(number, labels=labels) for number, labels in SERVERS.items()]
    services = [
        service(servers, version, protocol, **{"response-samples": samples})
        for version in (4, 6)
        for protocol in ("tcp", "udp")
    ]
    talks = conversations(dice)
    scripts = {}
    with Live(one_arm(services, workers=workers, inputs=workers)) as box:
        for life in range(LIVES):
            for talk in talks:
                if talk.flow.protocol == "tcp" or life == 0:
                    talk.start()
                scripts[talk.flow.client] = script(dice, talk.flow.protocol)
            while any(scripts.values()):
                turn(box, dice, workers, [t for t in talks if scripts[t.flow.client]], scripts)
        counters = box.appliance.counters()
        tcp_talks = sum(talk.flow.protocol == "tcp" for talk in talks)
        assert counters["session.new"] == tcp_talks * LIVES + len(talks) - tcp_talks
        assert counters["label.unknown"] == 0
        assert (counters["session.sampled"] > 0) == (samples > 0)


def turn(box, dice, workers, talks, scripts):
    """One packet of each conversation, on any queue."""
    captures = [[] for _ in range(workers)]
    expected = {}
    for talk in talks:
        from_server, flags, size = scripts[talk.flow.client].pop(0)
        raw = talk.packet(from_server, flags, dice.randbytes(size))
        captures[dice.randrange(workers)].append(raw)
        expected[talk.flow.client_address] = (talk, raw, from_server, flags)
    for queue, frames in enumerate(captures):
        box.receive("front", frames, queue)
    step = box.step()
    assert step.drops() == {}
    assert len(step.out["front"]) == len(talks)
    for frame in step.out["front"]:
        vip = network.vip(frame.ip.version)
        client = frame.ip.dst if frame.ip.src == vip else frame.ip.src
        deliver(*expected.pop(client), frame)
