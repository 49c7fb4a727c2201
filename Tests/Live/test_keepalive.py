"""wrk with keep-alive: many requests over few connections, none failed."""

import re

import pytest

from harness.site import url

CONNECTIONS = 50


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_no_request_fails(site, labels, version):
    before = site.counters()
    words = ("wrk", "-t1", "-c", CONNECTIONS, "-d2s", "--timeout", "60s", url(version))
    said = site.client(labels).run(*words)
    after = site.counters()
    requests = int(re.search(r"(\d+) requests in", said)[1])
    assert requests > 2 * CONNECTIONS
    # wrk names these only where there were some.
    assert "Socket errors" not in said and "Non-2xx" not in said, said
    # One more: wrk tries the address first.
    assert after["session.new"] - before["session.new"] == CONNECTIONS + 1
    if labels:
        assert after["label.switched"] - before["label.switched"] > requests
