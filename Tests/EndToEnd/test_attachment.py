"""Who gets which label: kinds of clients and servers (protocol 3.7 and 3.8)."""

import pytest

from harness.flows import tcp
from harness.live import Live
from harness.setup import one_arm, service

# clients, whether the client sends explicit null and then labels, whether the server is a label
# endpoint, whether labels go to the server and to the client, when the pair is given (by the
# client's SYN, by the server's answer, never).
CASES = [
    ("auto", False, True, True, False, "syn"),
    ("auto", True, True, True, True, "syn"),
    ("labelled", True, True, True, True, "syn"),
    ("labelled", False, True, True, True, "syn"),
    ("plain", False, True, True, False, "syn"),
    ("plain", True, True, True, False, "syn"),
    ("auto", False, False, False, False, None),
    ("auto", True, False, False, True, "answer"),
    ("labelled", True, False, False, True, "answer"),
    ("labelled", False, False, False, True, "answer"),
    ("plain", False, False, False, False, None),
    ("plain", True, False, False, False, None),
]


def ports():
    return range(1001, 1001 + len(CASES))


@pytest.fixture(scope="module")
def box():
    services = [
        service(version=version, name=f"p{port}-{version}", port=port, clients=case[0],
                labels=case[2])
        for port, case in zip(ports(), CASES)
        for version in (4, 6)
    ]
    with Live(one_arm(services)) as live:
        yield live


def pairs_taken(box):
    return sum(box.admin.call("status")["labels"][state] for state in ("embryonic", "live"))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("port, case", zip(ports(), CASES), ids=lambda value: str(value))
def test_labels_by_kind_of_host(box, version, port, case):
    _, speaks_labels, endpoint, to_server, to_client, given = case
    flow = tcp(version=version, port=port)
    null = (0 if version == 4 else 2) if speaks_labels else None
    before = pairs_taken(box)

    syn = box.send(flow.up(flow.syn(), label=null))
    odd = syn.out["front"][0].label
    assert (odd is not None) == to_server
    assert syn.bytes() == [flow.at_server(flow.syn(), label=odd)]
    assert pairs_taken(box) - before == (given == "syn")

    from_server = odd + 1 if endpoint else None
    answer = box.send(flow.down(flow.syn_ack(), label=from_server))
    even = answer.out["front"][0].label
    assert (even is not None) == to_client
    assert answer.bytes() == [flow.at_client(flow.syn_ack(), label=even)]
    assert pairs_taken(box) - before == (given is not None)
    if to_server and to_client:
        assert even == odd + 1

    from_client = even - 1 if speaks_labels and to_client else null
    ack = box.send(flow.up(flow.ack(), label=from_client))
    assert ack.bytes() == [flow.at_server(flow.ack(), label=odd)]

    data = box.send(
        flow.up(flow.send(), label=from_client, ttl=20),
        flow.down(flow.answer(), label=from_server, ttl=30),
    )
    switched_up = speaks_labels and to_client
    switched_down = endpoint
    assert data.out["front"][0].label == odd
    assert data.out["front"][1].label == even
    assert data.rise.get("label.switched", 0) == switched_up + switched_down
    popped = (switched_up and not to_server) + (switched_down and not to_client)
    assert data.rise.get("label.popped", 0) == popped
    if switched_up and not to_server:
        assert data.bytes()[0] == flow.at_server(flow.send(), ttl=19)


@pytest.mark.parametrize("version, null", [(4, 0), (6, 2)])
def test_explicit_null_is_popped_with_its_ttl(box, version, null):
    flow = tcp(client=9, version=version, port=ports()[0])
    step = box.send(flow.up(flow.syn(), label=null, ttl=60, label_ttl=20))
    odd = step.out["front"][0].label
    assert step.bytes() == [flow.at_server(flow.syn(), label=odd, ttl=19)]
    assert step.rise["analysed.forwarded"] == 1
