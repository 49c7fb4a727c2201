"""Downloads of 1 GB of random bytes: each arrives, in its place."""

import hashlib
import os

import pytest

from harness.site import connect_to

SIZE = 1_000_000_000
PIECE = 1_000_000


@pytest.fixture(scope="module")
def checksum(site):
    """SHA-256 of the file, which lies in the memory of server1 and is the others' too."""
    file = site.servers[0].folder / "site/big"
    digest = hashlib.sha256()
    with file.open("wb") as sink:
        for _ in range(SIZE // PIECE):
            data = os.urandom(PIECE)
            digest.update(data)
            sink.write(data)
    for server in site.servers[1:]:
        (server.folder / "site/big").symlink_to(file)
    yield digest.hexdigest()
    for server in site.servers:
        (server.folder / "site/big").unlink()


@pytest.mark.parametrize(
    ("labels", "version"), [(True, 4), (False, 6)], ids=["labelled-ipv4", "plain-ipv6"]
)
def test_download(site, checksum, labels, version):
    server = "server1" if labels else "server3"
    connection = connect_to(site.client(labels), [server], version)
    connection.request("GET", "/big")
    answer = connection.getresponse()
    assert answer.status == 200
    digest, length = hashlib.sha256(), 0
    while data := answer.read(PIECE):
        digest.update(data)
        length += len(data)
    connection.close()
    assert length == SIZE
    assert digest.hexdigest() == checksum
