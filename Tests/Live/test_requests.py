"""10,000 HTTP requests, a connection each, of which none may fail."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.site import address

GENERATOR = Path(__file__).parent / "harness/generate_requests.py"
EACH = 2500  # of two clients with two families


@pytest.fixture(scope="module")
def results(site):
    """By client and family, all at once: what the generator says."""

    def generate(case):
        client, version = case
        said = client.run(
            "/usr/bin/python3", GENERATOR, address(version), EACH, 16, seconds=240
        )
        return (client.place.labels, version), json.loads(said)

    cases = [(client, version) for client in site.clients for version in (4, 6)]
    before = site.counters()
    with ThreadPoolExecutor(len(cases)) as pool:
        results = dict(pool.map(generate, cases))
    return results, before, site.counters()


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("labels", [True, False], ids=["labelled", "plain"])
def test_every_request_has_its_answer(results, labels, version):
    result = results[0][labels, version]
    assert result["failures"] == []
    assert sum(result["servers"].values()) == EACH


def test_the_servers_share_them(results):
    """Round robin, of a new connection each; the few of other tests' are none between these."""
    for version in (4, 6):
        both = [results[0][labels, version]["servers"] for labels in (True, False)]
        counts = {name: sum(part[name] for part in both) for name in both[0]}
        assert set(counts) == {"server1", "server2", "server3"}
        assert max(counts.values()) - min(counts.values()) <= 2, counts


def test_each_was_a_session(results):
    _, before, after = results
    assert after["session.new"] - before["session.new"] == 4 * EACH
    assert after.get("session.refused", 0) == before.get("session.refused", 0)
