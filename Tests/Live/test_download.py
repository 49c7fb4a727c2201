"""Downloads of 1 GB of random bytes: each arrives, in its place."""

import os

import pytest

from harness.site import connect_to

PIECE, TIMES = 50_000_000, 20


@pytest.fixture(scope="module")
def piece(site):
    """What `/joined/big` of server1 and server3 has `TIMES` over: a GB would not fit into the memory of
    every machine."""
    data = os.urandom(PIECE)
    names = [site.host(name).folder / "site" for name in ("server1", "server3")]
    for folder in names:
        (folder / "piece").write_bytes(data)
        (folder / "joined").mkdir()
        (folder / "joined/big").write_text('<!--# include virtual="/piece" -->' * TIMES)
    yield data
    for folder in names:
        (folder / "piece").unlink()


@pytest.mark.parametrize(
    ("labels", "version"), [(True, 4), (False, 6)], ids=["labelled-ipv4", "plain-ipv6"]
)
def test_download(site, piece, labels, version):
    server = "server1" if labels else "server3"
    connection = connect_to(site.client(labels), [server], version)
    connection.request("GET", "/joined/big")
    answer = connection.getresponse()
    assert answer.status == 200
    for _ in range(TIMES):
        assert answer.read(PIECE) == piece
    assert answer.read() == b""
    connection.close()
