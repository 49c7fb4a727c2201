"""`capture`: packets of the ports to a file that others read."""

import json
import os
import stat
import subprocess
import time

import pytest

from support.waiting import wait_until

from harness import network, pcapng
from harness.admin import AdminError
from harness.flows import tcp, udp
from harness.live import Live
from harness.program import TAGLINECTL, control, finish
from harness.setup import one_arm, two_arms

FLOW = tcp(back=network.BACK_MAC)
# Without the fillers that keep the ports busy.
FILTER = "ip or mpls"


@pytest.fixture(scope="module")
def box():
    """A session whose server answers with its label."""
    with Live(two_arms()) as live:
        first, answer, last = FLOW.opening(18)
        live.send(front=[first])
        live.send(back=[answer])
        live.send(front=[last])
        yield live


@pytest.fixture(autouse=True)
def nothing_runs(request):
    yield
    if "box" in request.fixturenames:
        box = request.getfixturevalue("box")
        if box.admin.call("capture.show")["running"]:
            stop(box)


def capture(box, *words, fails=False):
    done = control(box.appliance.socket, "--json", "capture", *words)
    if fails:
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
        return done.stderr
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def start(box, path, *words):
    return capture(box, "start", "--file", path, *words)


def stop(box):
    shown = capture(box, "stop")
    assert (shown["running"], shown["state"], shown["ended"]) == (False, "ended", "stop")
    return shown


def ended(box):
    """What is shown of a capture once it has ended by itself."""

    def shown():
        shown = box.admin.call("capture.show")
        return None if shown["running"] else shown

    return wait_until(shown, 20, "the capture has ended")


def exchange(box):
    """A request and its answer: (port, direction, frame) of all that passes."""
    request, answer = FLOW.send(b"request"), FLOW.answer(b"answer")
    frames = [
        ("front", "in", FLOW.up(request)),
        ("back", "out", FLOW.at_server(request, label=17)),
        ("back", "in", FLOW.down(answer, label=18)),
        ("front", "out", FLOW.at_client(answer)),
    ]
    box.send(front=[frames[0][2]])
    box.send(back=[frames[2][2]])
    return frames


def seen(path):
    return [(packet.port, packet.direction, packet.raw) for packet in pcapng.read(path)]


def test_both_directions_of_every_port(box, tmp_path):
    path = tmp_path / "all.pcapng"
    began = time.time()
    shown = start(box, path, FILTER)
    assert (shown["running"], shown["state"], shown["file"]) == (True, "running", str(path))
    assert shown["ports"] == ["front", "back"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    expected = exchange(box)
    shown = stop(box)
    over = time.time()
    packets = pcapng.read(path)
    assert [(p.port, p.direction, p.raw) for p in packets] == expected
    assert [p.labels for p in packets] == [(), (17,), (18,), ()]
    times = [p.time for p in packets]
    assert times == sorted(times) and began <= times[0] <= times[-1] <= over
    assert shown["captured"] == 4 and shown["lost"] == 0 and shown["filtered"] > 0
    assert shown["bytes"] == path.stat().st_size
    (front, back) = pcapng.statistics(path)
    assert front[1:] == back[1:] == (0, 2)
    assert front[0] + back[0] == shown["filtered"] + 4
    read = finish(["tcpdump", "-nn", "-e", "-r", path])
    assert read.returncode == 0 and "MPLS (label 17," in read.stdout


def test_it_keeps_time(box, tmp_path):
    """A second apart on the wire is a second apart in the file, to a millisecond or what the
    machine took."""
    path = tmp_path / "time.pcapng"
    start(box, path, FILTER, "--port", "front", "--direction", "in")
    moments = []
    for _ in range(3):
        before = time.time()
        exchange(box)
        moments.append((before, time.time()))
        time.sleep(1)
    stop(box)
    times = [packet.time for packet in pcapng.read(path)]
    assert len(times) == 3
    for at, (before, after) in zip(times, moments):
        assert before - 0.001 <= at <= after + 0.001


@pytest.mark.parametrize(
    "words, kept",
    [
        (["--port", "back"], [1, 2]),
        (["--port", "back", "--port", "front", "--direction", "in"], [0, 2]),
        (["--direction", "out"], [1, 3]),
        (["--port", "front", "--direction", "out"], [3]),
    ],
)
def test_ports_and_directions(box, tmp_path, words, kept):
    path = tmp_path / "some.pcapng"
    start(box, path, FILTER, *words)
    expected = exchange(box)
    stop(box)
    assert seen(path) == [expected[place] for place in kept]
    ports = [word for word in words if word in ("back", "front")] or ["front", "back"]
    assert len(pcapng.statistics(path)) == len(ports)


@pytest.mark.parametrize(
    "words, kept",
    [
        (["mpls 17"], [1]),
        (["tcp", "src", "port", "80"], [3]),
        (["mpls", "and", "host", network.VIP4], [1, 2]),
        (["udp"], []),
    ],
)
def test_filters(box, tmp_path, words, kept):
    path = tmp_path / "filtered.pcapng"
    start(box, path, *words)
    expected = exchange(box)
    shown = stop(box)
    assert seen(path) == [expected[place] for place in kept]
    assert shown["captured"] == len(kept) and shown["filter"] == " ".join(words)


def test_without_a_filter_fillers_are_there_too(box, tmp_path):
    path = tmp_path / "everything.pcapng"
    start(box, path)
    expected = exchange(box)
    shown = stop(box)
    packets = seen(path)
    assert len(packets) == shown["captured"] > 4 and shown["filtered"] == 0
    known = {raw for _, _, raw in expected}
    assert [one for one in packets if one[2] in known] == expected


def test_snap_length(box, tmp_path):
    path = tmp_path / "short.pcapng"
    start(box, path, FILTER, "--snap-length", "33")
    expected = exchange(box)
    stop(box)
    packets = pcapng.read(path)
    assert [p.raw for p in packets] == [raw[:33] for _, _, raw in expected]
    assert [p.length for p in packets] == [len(raw) for _, _, raw in expected]


def test_it_ends_after_as_many_packets_as_wanted(box, tmp_path):
    path = tmp_path / "three.pcapng"
    start(box, path, FILTER, "--packets", "3")
    expected = exchange(box)
    shown = ended(box)
    exchange(box)
    assert (shown["ended"], shown["captured"], shown["error"]) == ("packets", 3, None)
    assert seen(path) == expected[:3]
    assert len(pcapng.statistics(path)) == 2


def test_it_ends_when_its_time_is_over(box, tmp_path):
    path = tmp_path / "second.pcapng"
    start(box, path, FILTER, "--seconds", "1")
    expected = exchange(box)
    shown = ended(box)
    assert (shown["ended"], shown["captured"]) == ("seconds", 4)
    assert 1 <= shown["seconds"] < 10
    assert seen(path) == expected


def test_it_ends_before_its_file_is_too_long(box, tmp_path):
    path = tmp_path / "small.pcapng"
    start(box, path, FILTER, "--bytes", "4096", "--port", "front", "--direction", "in")
    data = [FLOW.up(FLOW.send(bytes([number]) * 400)) for number in range(20)]
    box.send(front=data)
    shown = ended(box)
    assert shown["ended"] == "bytes"
    assert 4096 - 500 < path.stat().st_size <= 4096 and shown["bytes"] == path.stat().st_size
    packets = pcapng.read(path)
    assert [p.raw for p in packets] == data[: len(packets)] and len(packets) == shown["captured"]
    assert len(pcapng.statistics(path)) == 1


def test_one_at_a_time(box, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    start(box, first, FILTER)
    message = capture(box, "start", "--file", second, fails=True)
    assert str(first) in message and "running" in message and not second.exists()
    expected = exchange(box)
    stop(box)
    start(box, second, FILTER)
    stop(box)
    assert seen(first) == expected and seen(second) == []


def test_what_is_wrong_is_said(box, tmp_path):
    there, new = tmp_path / "there", tmp_path / "new"
    there.write_text("mine")
    assert "is there already" in capture(box, "start", "--file", there, fails=True)
    assert there.read_text() == "mine"
    message = capture(box, "start", "--file", new, "tcp", "prot", "80", fails=True)
    assert "syntax error" in message and "pcap-filter" in message
    message = capture(box, "start", "--file", new, "--port", "side", fails=True)
    assert "'side'" in message and "front, back" in message
    message = capture(box, "start", "--file", tmp_path / "none" / "x", fails=True)
    assert "No such file or directory" in message
    message = capture(box, "start", "--file", "/sys/x", fails=True)
    assert "/sys/x cannot be made" in message
    assert not new.exists()
    assert "no capture is running" in capture(box, "stop", fails=True)
    with pytest.raises(AdminError, match="absolute"):
        box.admin.call("capture.start", file="x")
    assert not box.admin.call("capture.show")["running"]


def test_a_relative_path_is_the_clients(box, tmp_path):
    command = [TAGLINECTL, "--socket", box.appliance.socket, "capture", "start", "--file", "here"]
    done = finish(["env", "-C", tmp_path, *command])
    assert done.returncode == 0 and str(tmp_path / "here") in done.stdout
    stop(box)
    assert (tmp_path / "here").exists()


def test_it_is_shown_to_people(box, tmp_path):
    socket = box.appliance.socket
    path = tmp_path / "people"
    done = control(socket, "capture", "start", "--file", path, FILTER, "--packets", "2")
    assert done.returncode == 0 and "taglinectl capture stop" in done.stdout
    exchange(box)
    ended(box)
    for words in (["capture", "show"], ["show", "capture"]):
        done = control(socket, *words)
        assert (done.returncode, done.stderr) == (0, "")
        for word in (str(path), "ended", "2 packets", "front, back", FILTER):
            assert word in done.stdout


def test_counters_go_on(box, tmp_path):
    before = box.appliance.counters()
    for name in ("one", "two"):
        start(box, tmp_path / name, FILTER)
        exchange(box)
        stop(box)
    after = box.appliance.counters()
    assert after["capture.packets"] - before["capture.packets"] == 8
    assert after["capture.lost"] == before["capture.lost"]


def test_a_fifo_is_read_live(box, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    shown = start(box, path, FILTER)
    assert shown["state"] == "waiting"
    exchange(box)
    with subprocess.Popen(
        ["tcpdump", "-nn", "-e", "-l", "-r", path], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as reader:
        wait_until(lambda: box.admin.call("capture.show")["state"] == "running", 10, "a reader")
        exchange(box)
        # Before the capture ends.
        lines = [reader.stdout.readline() for _ in range(4)]
        assert "MPLS (label 17," in lines[1] and "MPLS (label 18," in lines[2]
        shown = stop(box)
        assert shown["captured"] == 4 and shown["error"] is None
        assert reader.stdout.read() == "" and reader.wait(10) == 0
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_reader_that_leaves_ends_the_capture_alone(box, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    start(box, path, "udp")
    reader = os.open(path, os.O_RDONLY)
    wait_until(lambda: box.admin.call("capture.show")["state"] == "running", 10, "a reader")
    os.close(reader)
    shown = ended(box)
    assert (shown["ended"], shown["captured"]) == ("reader", 0)
    start(box, tmp_path / "next", FILTER)
    expected = exchange(box)
    stop(box)
    assert seen(tmp_path / "next") == expected


def test_nobody_ever_reads_the_fifo(box, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    start(box, path, "--seconds", "1")
    assert ended(box)["ended"] == "seconds"
    start(box, path)
    assert stop(box)["captured"] == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_that_passes_is_missed(workers, tmp_path):
    """Sessions over two queues: each packet of each port once, whoever sent it."""
    flows = [udp(client) for client in range(1, 41)]
    path = tmp_path / "workers.pcapng"
    with Live(one_arm(workers=workers, inputs=2)) as box:
        start(box, path, FILTER)
        sent, received = [], []
        for turn in range(4):
            frames = [flow.up(flow.send(bytes([turn]))) for flow in flows]
            sent += frames
            received += box.send(*frames, queue=turn % 2).bytes()
        stop(box)
        packets = pcapng.read(path)
    inbound = [p.raw for p in packets if p.direction == "in"]
    outbound = [p.raw for p in packets if p.direction == "out"]
    assert len(received) == len(sent) == 160
    assert sorted(inbound) == sorted(sent)
    assert sorted(outbound) == sorted(received)
    if workers == 1:
        assert inbound == sent
    times = [p.time for p in packets]
    # Sorted but for what two workers do at one time, while one may be off its processor.
    assert max(earlier - later for earlier, later in zip(times, times[1:])) < 1
