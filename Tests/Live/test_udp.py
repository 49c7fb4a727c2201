"""UDP: questions and answers, from every client to every server, and labels on all but the first."""

import pytest

from harness.capture import Capture
from harness.datagrams import ask, connected, named_echo_server
from harness.session_frames import EXPLICIT_NULL, check_labelled
from harness.site import address
from rig import servers

QUESTIONS = 30


@pytest.fixture(scope="module", autouse=True)
def udp_servers(site):
    started = []
    for server in site.servers:
        started.append((server, servers.name_server(server)))
        for version in (4, 6):
            started.append((server, named_echo_server(server, version)))
    yield
    for server, process in started:
        server.end(process)


@pytest.fixture
def udp(site):
    """Makes a UDP socket on a host, connected to the echo service."""
    sockets = []

    def make(host, version):
        sockets.append(connected(host, version))
        return sockets[-1]

    yield make
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_dns(site, labels, version):
    """A new port each, so all servers have their turn."""
    client = site.client(labels)
    answers = [
        client.run("dig", "+short", f"@{address(version)}", "who.example", "TXT").strip()
        for _ in range(QUESTIONS // 3)
    ]
    assert set(answers) == {'"server1"', '"server2"', '"server3"'}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_a_session_stays_with_its_server(site, udp, labels, version):
    seen = set()
    for number in range(6):
        sock = udp(site.client(labels), version)
        answers = {ask(sock, f" {number} {turn}".encode()) for turn in range(QUESTIONS)}
        assert len(answers) == 1
        seen |= answers
    assert seen == {"server1", "server2", "server3"}


@pytest.mark.parametrize("version", [4, 6])
def test_all_but_the_first_datagram_is_labelled(site, udp, version):
    client = site.client(labels=True)
    switch = site.network.switch
    with Capture(switch, client.name) as front, Capture(switch, "server1") as first, \
            Capture(switch, "server2") as second:  # fmt: skip
        for _ in range(6):
            sock = udp(client, version)
            server = ask(sock, b" first")
            if server != "server3":
                break
        for number in range(QUESTIONS):
            assert ask(sock, b" %d" % number) == server
        port = sock.getsockname()[1]
    frames = front.frames(port)
    assert len(frames) >= 2 * QUESTIONS + 2
    assert frames[0].labels == (EXPLICIT_NULL[version],)
    pair = check_labelled(
        frames, client.place.mac, version, True, lambda frame: frame is frames[0]
    )
    back = {"server1": first, "server2": second}[server].frames(port)
    mac = site.host(server).place.mac
    assert check_labelled(back, mac, version, False, lambda frame: False) == pair
