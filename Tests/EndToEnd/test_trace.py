"""`trace`: the path of packets, when asked for."""

from harness.flows import tcp
from harness.live import Live
from harness.program import control
from harness.setup import one_arm


def test_the_path_of_packets():
    flow = tcp()
    with Live(one_arm()) as box:
        socket = box.appliance.socket
        box.send(*flow.opening(18))
        assert control(socket, "trace", "start").returncode == 0
        box.send(
            flow.up(flow.send()),
            flow.down(flow.answer(), label=18),
            flow.up(flow.send(), ttl=1),
        )
        shown = control(socket, "trace", "show")
        assert shown.returncode == 0, shown.stderr
        for word in ("front", "17", "18"):
            assert word in shown.stdout

