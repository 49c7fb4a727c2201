"""All four mixes of labelled and plain clients and servers, IPv4 and IPv6: each is served, and carries
labels on exactly the links whose host understands them.
"""

import pytest

from harness.capture import Capture
from harness.session_frames import (
    EXPLICIT_NULL, check_labelled, check_plain, session_label, without_repeats,
)  # fmt: skip
from harness.site import connect_to

SIZE = 100_000


def name(value):
    return {True: "labelled", False: "plain"}.get(value, f"ipv{value}")


@pytest.fixture(scope="module", autouse=True)
def piece(site):
    for server in site.servers:
        (server.folder / "site/small").write_bytes(bytes(range(256)) * (SIZE // 256))


@pytest.mark.parametrize("version", [4, 6], ids=name)
@pytest.mark.parametrize("server_labels", [True, False], ids=name)
@pytest.mark.parametrize("client_labels", [True, False], ids=name)
def test_mix(site, client_labels, server_labels, version):
    client = site.client(client_labels)
    server = next(host for host in site.servers if host.place.labels == server_labels)
    switch = site.network.switch
    with Capture(switch, client.name) as front, Capture(switch, server.name) as back:
        connection = connect_to(client, [server.name], version)
        for _ in range(10):
            assert connection.server() == server.name
        assert connection.get("/small") == bytes(range(256)) * (SIZE // 256)
        connection.close()
    port = connection.port
    front, back = (without_repeats(capture.frames(port)) for capture in (front, back))
    assert len(front) > SIZE / 1500 and len(back) > SIZE / 1500

    if server_labels:
        pair = check_labelled(back, server.place.mac, version, is_client=False)
    else:
        check_plain(back)
    if not client_labels:
        check_plain(front)
    elif server_labels:
        assert check_labelled(front, client.place.mac, version, is_client=True) == pair
    else:
        # Protocol 3.8: the pair is given at the server's first packet, the SYN-ACK.
        check_labelled(front, client.place.mac, version, is_client=True)
        assert front[0].labels == (EXPLICIT_NULL[version],)
        assert session_label(front[1]) is not None
