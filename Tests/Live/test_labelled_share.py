"""The labelled share of an established session between label endpoints: all but its opening and
closing packets, read from captures of both links and not from anybody's counters.
"""

import pytest

from harness.capture import Capture
from harness.session_frames import (
    check_labelled, labelled, opens_or_closes, without_repeats,
)  # fmt: skip
from harness.site import Connection, connect_to
from rig.capture import ACK, FIN, RST, SYN

SIZE = 1 << 20
LABELLED = ("server1", "server2")


@pytest.fixture(scope="module", params=[4, 6], ids=["ipv4", "ipv6"])
def session(site, request):
    """50 requests and 1 MiB over one connection, from its SYN to its end."""
    version, client = request.param, site.client(labels=True)
    for name in LABELLED:
        (site.host(name).folder / "site/piece").write_bytes(bytes(SIZE))
    switch = site.network.switch
    with Capture(switch, client.name) as front, Capture(switch, "server1") as first, \
            Capture(switch, "server2") as second:  # fmt: skip
        connection = connect_to(client, LABELLED, version)
        server = connection.server()
        for _ in range(50):
            assert connection.server() == server
        assert connection.get("/piece") == bytes(SIZE)
        port = connection.port
        connection.close()
    back = first if server == "server1" else second
    frames = (without_repeats(capture.frames(port)) for capture in (front, back))
    return version, client, site.host(server), *frames


def test_the_capture_is_of_a_whole_session(session):
    """Opening, more than 1 MiB in segments of at most 1500 bytes, and both FINs, on both links."""
    _, client, server, front, back = session
    for frames in (front, back):
        assert len(frames) > SIZE / 1500
        assert frames[0].flags == SYN
        assert any(frame.flags & (SYN | ACK) == SYN | ACK for frame in frames)
        assert sum(bool(frame.flags & FIN) for frame in frames) == 2
        assert not any(frame.flags & RST for frame in frames)


def test_all_but_opening_and_closing_packets_carry_the_pair(session):
    version, client, server, front, back = session
    pair = check_labelled(front, client.place.mac, version, is_client=True)
    assert check_labelled(back, server.place.mac, version, is_client=False) == pair
    assert pair[1] == pair[0] + 1


def test_the_share(session):
    """Without label are the client's SYN and FIN on its link, the server's FIN on its own."""
    _, client, server, front, back = session
    for frames, host, unlabelled in ((front, client, 2), (back, server, 1)):
        own = [frame for frame in frames if frame.source_mac == host.place.mac]
        assert sum(opens_or_closes(frame) for frame in own) == unlabelled
        assert labelled(frames) == len(frames) - unlabelled


def test_a_closed_session_leaves_nothing_to_the_next(site, session):
    """The same client's next session has labels of its own and works."""
    version, client, *_ = session
    connection = Connection(client, version)
    assert connection.server().startswith("server")
    connection.close()
