"""Packets of 1,500 bytes that may not be fragmented: labelled where the links have 1,504 bytes, and
alive where they have fewer.
"""

import pytest

from harness.capture import Capture
from harness.datagrams import Path, echo_server
from harness.session_frames import session_label
from harness.site import Site, connect_to, web_services
from rig import appliance, plan

SIZE = 300_000
VERSIONS = pytest.mark.parametrize("version", [4, 6])
LABELS = pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])


def services(places):
    rows = web_services(places)
    for version, suffix in ((4, ""), (6, "6")):
        rows.append(appliance.service(f"echo{suffix}", places[:1], "udp", 7, version))
    return rows


def make(front_mtu, back_mtu):
    """Both kinds of client, a labelled server and a plain one; UDP goes to the labelled one."""
    places = plan.clients(True, False), plan.servers(True, False)
    with Site(*places, services, front_mtu, back_mtu) as site:
        for version in (4, 6):
            echo_server(site.servers[0], version)
        for server in site.servers:
            (server.folder / "site/piece").write_bytes(bytes(SIZE))
        yield site


@pytest.fixture(scope="module")
def roomy():
    yield from make(1504, 1504)


@pytest.fixture(scope="module")
def exact():
    """No room for a label beside a full-size packet."""
    yield from make(1500, 1500)


@pytest.fixture(scope="module")
def narrow_back():
    yield from make(1504, 1400)


@pytest.fixture(scope="module")
def narrow_front():
    yield from make(1400, 1504)


def download(site, client, server, version):
    """The frames of a download on the client's and the server's link."""
    switch = site.network.switch
    with Capture(switch, client.name) as front, Capture(switch, server.name) as back:
        connection = connect_to(client, [server.name], version)
        assert connection.get("/piece") == bytes(SIZE)
        connection.close()
    return front.frames(connection.port), back.frames(connection.port)


def largest(frames):
    return max(frame.length for frame in frames)


@VERSIONS
def test_full_segments_are_labelled(roomy, version):
    """Between labelled hosts IP packets of 1,500 bytes carry their label on both links."""
    client, server = roomy.client(True), roomy.host("server1")
    for frames in download(roomy, client, server, version):
        full = [frame for frame in frames if frame.length == 1500]
        assert len(full) > SIZE / 1500 * 0.9
        assert all(session_label(frame) for frame in full)


@VERSIONS
@LABELS
def test_full_datagrams_pass(roomy, labels, version):
    """1,500 bytes with DF both ways; between labelled hosts they are labelled."""
    client = roomy.client(labels)
    with Capture(roomy.network.switch, "server1") as back:
        path = Path(client, version)
        for _ in range(5):
            assert path.ask(1500, 1500) == 1500
    frames = back.frames(path.sock.getsockname()[1])
    full = [frame for frame in frames if frame.length == 1500]
    assert len(full) >= 10
    assert all(session_label(frame) for frame in full)


@VERSIONS
@LABELS
def test_segments_leave_room_on_a_link_of_1500(exact, labels, version):
    """The MSS is clamped, so that segments are full with their label: 1,496 bytes and 4."""
    client, server = exact.client(labels), exact.host("server1")
    front, back = download(exact, client, server, version)
    assert largest(back) == 1496
    assert all(session_label(frame) for frame in back if frame.length == 1496)
    assert largest(front) == 1496


@VERSIONS
@LABELS
def test_full_datagrams_pass_a_link_of_1500_without_label(exact, labels, version):
    """What fits only without its label goes without it; what is smaller keeps it."""
    with Capture(exact.network.switch, "server1") as back:
        path = Path(exact.client(labels), version)
        for size in (1500, 1496, 1000, 1500):
            assert path.ask(size, size) == size
    for frame in back.frames(path.sock.getsockname()[1]):
        assert bool(session_label(frame)) == (frame.length <= 1496), frame


@VERSIONS
@LABELS
def test_segments_fit_a_narrower_link(narrow_back, narrow_front, labels, version):
    for site in (narrow_back, narrow_front):
        server = site.servers[0 if labels else 1]
        for frames in download(site, site.client(labels), server, version):
            assert 1300 < largest(frames) <= 1400


@VERSIONS
@LABELS
def test_a_client_learns_of_a_narrower_link(narrow_back, labels, version):
    """The appliance says so by ICMP, and the client's kernel sends less from then on."""
    path = Path(narrow_back.client(labels), version)
    assert path.ask(600, 600) == 600
    assert path.mtu() == 1500
    assert path.ask(1500, 600) is None
    learned = path.mtu()
    assert 1392 <= learned <= 1400
    assert path.ask(learned, 600) == 600


@VERSIONS
@LABELS
def test_a_server_learns_of_a_narrower_link(narrow_front, labels, version):
    path = Path(narrow_front.client(labels), version)
    assert path.ask(600, 600) == 600
    # The first answer of 1,500 bytes is lost, the next one the server's kernel refuses.
    assert path.ask(600, 1500) is None
    assert path.ask(600, 1392) == 1392
