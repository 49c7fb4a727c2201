"""How the appliance ends, and that two of them do not meet."""

import stat

import yaml

from support.waiting import wait_until

from harness.appliance import Appliance
from harness.captures import read_capture, write_capture
from harness.flows import tcp, udp
from harness.live import Live
from harness.program import TAGLINE, finish
from harness.running import run
from harness.setup import one_arm

FRAMES = 2000


def test_sigterm_ends_within_a_second_with_captures_complete():
    flow = udp()
    frames = [flow.up(flow.send(number.to_bytes(4, "big"))) for number in range(FRAMES)]
    result = run(one_arm(), front=frames)
    numbers = [int.from_bytes(frame.ip.load, "big") for frame in result.out["front"]]
    assert numbers == list(range(FRAMES))
    assert result.end_seconds <= 1


def test_idle_is_an_end_of_its_own():
    flow = tcp()
    setup = one_arm()
    with Appliance(setup, idle=1) as appliance:
        (source,) = setup.ports[0].input_paths(appliance.folder)
        write_capture(source, flow.opening(18))
        appliance.launch()
        assert appliance.process.wait(20) == 0, appliance.log()
        (target,) = setup.ports[0].output_paths(appliance.folder)
        assert len(read_capture(target)) == 3


def test_empty_captures_are_fine():
    result = run(one_arm(), front=[])
    assert result.out["front"] == []
    assert result.counters["rx.packets"] == 0


def test_the_socket_goes_with_the_appliance():
    with Appliance(one_arm()) as appliance:
        for path in appliance.setup.ports[0].input_paths(appliance.folder):
            write_capture(path, [])
        appliance.launch()
        appliance.ready()
        assert stat.S_ISSOCK(appliance.socket.stat().st_mode)
        appliance.end()
        assert not appliance.socket.exists()


def test_a_socket_that_a_crash_left_is_no_obstacle():
    with Appliance(one_arm()) as appliance:
        for path in appliance.setup.ports[0].input_paths(appliance.folder):
            write_capture(path, [])
        appliance.launch()
        appliance.ready()
        appliance.process.kill()
        appliance.process.wait()
        assert appliance.socket.exists()
        appliance.launch()
        wait_until(lambda: appliance.answers(), 20, "the second one answers")
        appliance.end()


def test_two_appliances_side_by_side():
    first, second = tcp(1), tcp(2)
    with Live(one_arm()) as one, Live(one_arm()) as two:
        assert one.send(*first.opening(18)).rise["session.new"] == 1
        assert two.send(*second.opening(18)).rise["session.new"] == 1
        for box, flow in ((one, first), (two, second)):
            step = box.send(flow.down(flow.answer(), label=18))
            assert step.bytes() == [flow.at_client(flow.answer())]
            assert box.admin.call("status")["sessions"] == 1


def refused(appliance, **changes):
    """A second appliance's end, on the first one's configuration with some changes."""
    document = yaml.safe_load(appliance.config.read_text())
    document["ports"][0]["device"] = "net_null0"
    document |= changes
    path = appliance.folder / "second.yaml"
    path.write_text(yaml.safe_dump(document))
    return finish([TAGLINE, "run", "--config", path, "--exit-when-idle", "1"])


def test_what_the_environment_lacks_ends_a_start_with_2():
    with Live(one_arm()) as box:
        done = refused(box.appliance)
        assert done.returncode == 2 and str(box.appliance.socket) in done.stderr
        assert box.admin.call("status")["workers"] == 1
        other = {"socket": str(box.appliance.folder / "other.sock")}
        nowhere = {"socket": "/proc/nowhere/admin.sock"}
        ports = [{"name": "front", "device": "net_pcap0,rx_pcap=/none.pcap", "side": "both"}]
        for changes in ({"admin": nowhere}, {"admin": other, "ports": ports}):
            done = refused(box.appliance, **changes)
            assert done.returncode == 2 and done.stderr


def test_what_is_not_built_yet_is_refused_in_one_line():
    setup = one_arm(port={"gateway": {"address": "192.0.2.254"}})
    with Appliance(setup) as appliance:
        for path in setup.ports[0].input_paths(appliance.folder):
            write_capture(path, [])
        appliance.launch()
        code = appliance.process.wait(20)
        assert code in (1, 2)
        assert len(appliance.log().strip().splitlines()) == 1, appliance.log()
