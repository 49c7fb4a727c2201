"""Attaching and detaching: what is changed, what is put back, what is refused."""

import errno
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

import pytest

from support.namespaces import connect
from support.programs import ROOT

from harness.bench import Bench
from harness.frames import APPLIANCE, HOST, SECOND_APPLIANCE, entry, frame, ip, tcp
from harness.kernel import Program
from harness.network import namespaces
from harness.pretence import compiler, feature_bits, pretence
from harness.program import ENDPOINT, endpoint, show

VIP, CLIENT = "203.0.113.10", "198.51.100.7"
ARP = ("net.ipv4.conf.d0.arp_ignore", "net.ipv4.conf.d0.arp_announce")


def settings(host, device="d0"):
    """All that attaching might change, as other programs see it."""
    link = json.loads(host.ip("-d", "-j", "link", "show", device))[0]
    # The kernel counts the programs of all time.
    link.pop("ifindex", None)
    link.pop("ifname")
    return {
        "features": host.run("ethtool", "-k", device).replace(f" {device}:", ":"),
        "link": link,
        "disciplines": host.run("tc", "qdisc", "show", "dev", device),
        "arp": [host.sysctl(name.replace(".d0.", f".{device}.")) for name in ARP],
    }


@pytest.fixture
def prepared(host):
    """A host whose settings are not the kernel's own, so that putting those back would show."""
    host.ip("address", "add", "192.0.2.11/24", "dev", "d0")
    host.ip("address", "add", f"{VIP}/32", "dev", "lo")
    host.ip("link", "set", "d0", "gso_max_segs", "37")
    host.run("ethtool", "-K", "d0", "tx-tcp-mangleid-segmentation", "off", "tx-gso-list", "off")
    host.sysctl("net.ipv4.conf.d0.arp_announce", 1)
    return host


def test_attach_and_detach(prepared):
    before = settings(prepared)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    attached = settings(prepared)
    assert attached["link"]["gso_max_segs"] == 1
    assert attached["link"]["xdp"]["prog"]["name"] == "tagline_learn"
    assert attached["arp"] == ["1", "2"]
    for feature in ("tcp-segmentation-offload", "generic-segmentation-offload", "tx-checksumming"):
        assert f"\n{feature}: on" in before["features"]
        assert f"\n{feature}: off" in attached["features"]
    assert "tagline_push" in prepared.run("tc", "filter", "show", "dev", "d0", "egress")
    for line in ("gso_max_segs 37 -> 1", "arp_ignore 0 -> 1", "arp_announce 1 -> 2",
                 "tx-tcp-segmentation on -> off", f"learns from {APPLIANCE}", "native XDP"):
        assert line in said
    assert "tx-gso-list" not in said
    assert len(prepared.state_files()) == 1

    said = endpoint("detach", "d0", namespace=prepared)
    assert "gso_max_segs 1 -> 37" in said
    assert settings(prepared) == before
    assert prepared.state_files() == []


def test_checksums_that_stay_with_the_device_are_refused(host):
    """A macvlan device's do (macvlan.c, ALWAYS_ON_OFFLOADS)."""
    host.ip("link", "add", "m0", "link", "d0", "type", "macvlan", "mode", "bridge")
    host.ip("link", "set", "m0", "up")

    def facts():
        return [host.ip("-d", "link", "show", "m0"), host.run("ethtool", "-k", "m0"),
                host.run("tc", "qdisc", "show", "dev", "m0")]

    before = facts()
    assert "tx-checksum-ip-generic: on [fixed]" in before[1]
    said = endpoint("attach", "m0", "--appliance", APPLIANCE, namespace=host, status=2)
    assert "m0: tx-checksum-ip-generic cannot be turned off" in said
    assert "wrong checksums" in said
    assert facts() == before
    assert host.state_files() == []


def test_driver_that_does_not_obey(prepared, tmp_path):
    """It takes the change of a checksum offload, and goes on as before."""
    before = settings(prepared)
    bits = feature_bits(prepared, "d0")
    words = pretence(tmp_path, STAYING=[bits["tx-checksum-ip-generic"]])
    said = endpoint(
        "attach", "d0", "--appliance", APPLIANCE, namespace=prepared, status=2, before=words)
    assert "d0: tx-checksum-ip-generic cannot be turned off" in said
    assert settings(prepared) == before
    assert prepared.state_files() == []


@pytest.mark.parametrize("kind", ["STAYING", "FIXED"])
def test_segmentation_that_stays_with_the_device(prepared, tmp_path, kind):
    """Nothing goes wrong by it: packets of several segments take no label."""
    before = settings(prepared)
    names = ["tx-tcp-segmentation", "tx-tcp6-segmentation"]
    bits = feature_bits(prepared, "d0")
    words = pretence(tmp_path, **{kind: [bits[name] for name in names]})
    for _ in range(2):
        said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared, before=words)
        line, = [line for line in said.splitlines() if "cannot change them" in line]
        assert line.split(": ")[2].split("; ")[0] == ", ".join(names)
        assert "tx-tcp-segmentation on -> off" not in said
    changed = {
        item["setting"]: item["now"]
        for item in json.loads(endpoint(
            "show", "d0", "--json", namespace=prepared, before=words))["changed"]}
    assert changed.get("tx-tcp-segmentation") == (1 if kind == "STAYING" else None)
    assert changed["tx-tcp-ecn-segmentation"] == 0
    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_show_names_what_is_not_as_it_was_left(prepared):
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert "now" not in endpoint("show", "d0", namespace=prepared)
    prepared.run("ethtool", "-K", "d0", "tx-checksum-ip-generic", "on")
    prepared.ip("link", "set", "d0", "gso_max_segs", "50")
    said = endpoint("show", "d0", namespace=prepared)
    assert "changed: tx-checksum-ip-generic on -> off, but is on now" in said
    assert "changed: gso_max_segs 37 -> 1, but is 50 now" in said
    assert said.count("now") == 2
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert "now" not in endpoint("show", "d0", namespace=prepared)
    endpoint("detach", "d0", namespace=prepared)


def test_detach_twice(prepared):
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    endpoint("detach", "d0", namespace=prepared)
    assert "nothing to do" in endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_no_virtual_address_no_arp(host):
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    assert settings(host)["arp"] == ["0", "0"]
    endpoint("detach", "d0", namespace=host)


def test_greater_of_all_and_device_counts(prepared):
    for name, value in (("arp_ignore", 2), ("arp_announce", 2)):
        prepared.sysctl(f"net.ipv4.conf.all.{name}", value)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert settings(prepared)["arp"] == ["0", "1"]
    endpoint("detach", "d0", namespace=prepared)


def test_killed_at_any_moment(prepared):
    """Killed while attaching, then detached; killed again, then attached over it and detached."""
    before = settings(prepared)
    started = time.monotonic()
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    whole = time.monotonic() - started
    endpoint("detach", "d0", namespace=prepared)
    generator = random.Random(1)
    broken = 0
    # As often as it takes for some kills to hit between the first change and the last.
    for turn in range(300):
        if turn >= 12 and broken >= 3:
            break
        process = subprocess.Popen(
            prepared.command([ENDPOINT, "attach", "d0", "--appliance", APPLIANCE]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Ever later, should the machine have become slower since.
        time.sleep(whole * generator.uniform(0.05, 0.95) * (1 + turn / 40))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = settings(prepared)
        if now != before and "prog" not in now["link"].get("xdp", {}):
            broken += 1
        if turn % 2:
            endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
            assert show("d0", prepared)["attached"]
        endpoint("detach", "d0", namespace=prepared)
        assert settings(prepared) == before
    assert broken >= 3, "no kill hit the middle: this proves nothing"


def test_killed_while_detaching(prepared):
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    started = time.monotonic()
    endpoint("detach", "d0", namespace=prepared)
    whole = time.monotonic() - started
    generator = random.Random(2)
    broken = 0
    for turn in range(300):
        if broken >= 2:
            break
        endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
        process = subprocess.Popen(
            prepared.command([ENDPOINT, "detach", "d0"]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * generator.uniform(0.05, 0.95) * (1 + turn / 40))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = settings(prepared)
        broken += now != before and "prog" not in now["link"].get("xdp", {})
        endpoint("detach", "d0", namespace=prepared)
        assert settings(prepared) == before
    assert broken >= 2, "no kill hit the middle: this proves nothing"


def test_half_of_it_gone(prepared):
    """Somebody took the programs off: attaching again heals, detaching puts back."""
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    prepared.ip("link", "set", "dev", "d0", "xdp", "off")
    assert not show("d0", prepared)["attached"]
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert show("d0", prepared)["attached"]
    prepared.run("tc", "qdisc", "del", "dev", "d0", "clsact")
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert show("d0", prepared)["attached"]
    prepared.run("tc", "qdisc", "del", "dev", "d0", "clsact")
    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_changes_of_others_are_left(prepared):
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    prepared.ip("link", "set", "d0", "gso_max_segs", "50")
    said = endpoint("detach", "d0", namespace=prepared)
    assert "gso_max_segs is 50, which is not ours; left so (it was 37)" in said
    assert settings(prepared)["link"]["gso_max_segs"] == 50


def test_second_attach_keeps_flows(prepared):
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    packet = ip(CLIENT, VIP, tcp(40000, 80))
    bench = Bench(prepared, "d0")
    bench.receive(frame(packet, entry(17)))
    flows = bench.flows()
    assert len(flows) == 1
    other = frame(ip(CLIENT, VIP, tcp(40001, 80)), entry(19), source=SECOND_APPLIANCE)
    assert bench.receive(other) == other
    counters = show("d0", prepared)["counters"]

    said = endpoint(
        "attach", "d0", "--appliance", SECOND_APPLIANCE, "--client-prefix", "198.51.100.0/24",
        namespace=prepared)
    assert "flows kept" in said
    status = show("d0", prepared)
    assert status["appliances"] == [SECOND_APPLIANCE]
    assert status["client_prefixes"] == ["198.51.100.0/24"]
    assert status["counters"] == counters
    assert status["flows_total"] == 1
    updated = Bench(prepared, "d0", empty=False)
    assert updated.flows() == flows
    # The new appliance is learned from, the old one no more; explicit null goes to the prefix.
    assert updated.receive(other) == frame(
        ip(CLIENT, VIP, tcp(40001, 80)), source=SECOND_APPLIANCE)
    given = frame(packet, entry(21))
    assert updated.receive(given) == given
    outgoing = ip("192.0.2.11", CLIENT, tcp(9, 9, "S"))
    assert updated.send(frame(outgoing, source=HOST, destination=APPLIANCE)) == frame(
        outgoing, entry(0), source=HOST, destination=APPLIANCE)

    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_any_appliance(prepared):
    said = endpoint("attach", "d0", "--appliance", "any", namespace=prepared)
    assert "learns from anybody" in said
    bench = Bench(prepared, "d0")
    bench.receive(frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17), source="02:00:00:00:00:77"))
    assert [flow.mac for flow in bench.flows()] == ["02:00:00:00:00:77"]
    endpoint("detach", "d0", namespace=prepared)


def test_the_verifier_is_far_from_its_limit(prepared):
    """It gives up at a million instructions; older kernels need more of them for the same program."""
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    bench = Bench(prepared, "d0")
    for program in (bench.learn, bench.push):
        facts = pathlib.Path(f"/proc/self/fdinfo/{program.descriptor}").read_text()
        verified = int(re.search(r"^verified_insns:\s*(\d+)$", facts, re.MULTILINE)[1])
        assert verified < 100_000
    endpoint("detach", "d0", namespace=prepared)


def test_show(prepared):
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    bench = Bench(prepared, "d0")
    bench.receive(frame(ip(CLIENT, VIP, tcp(40000, 80)), entry(17, s=0), entry(4097, ttl=3)))
    bench.receive(frame(ip(CLIENT, VIP, tcp(40001, 80)), entry(19)))
    bench.receive(frame(ip(CLIENT, VIP, tcp(40001, 80)), entry(3)))
    outgoing = frame(ip(VIP, CLIENT, tcp(80, 40000)), source=HOST, destination=APPLIANCE)
    unknown = frame(ip(VIP, CLIENT, tcp(80, 1)), source=HOST, destination=APPLIANCE)
    for given in (outgoing, outgoing, unknown):
        bench.send(given)
    status = show("d0", prepared)
    assert (status["hits"], status["misses"], status["errors"]) == (2, 1, 1)
    assert status["counters"]["rx.learned"] == 2
    assert status["flows_total"] == 2
    flow = min(status["flows"], key=lambda flow: flow["remote_port"])
    assert 0 <= flow.pop("idle_s") < 10
    assert flow == {
        "protocol": "tcp", "local": VIP, "local_port": 80, "remote": CLIENT, "remote_port": 40000,
        "label": 18, "entries_below": [4097 << 12 | 1 << 8 | 3], "appliance": APPLIANCE}
    assert len(show("d0", prepared, "--limit", "1")["flows"]) == 1
    text = endpoint("show", "d0", namespace=prepared)
    assert "hits 2, misses 1, errors 1" in text
    assert f"tcp   {VIP}:80  {CLIENT}:40000  18 +1  {APPLIANCE}" in text
    assert "flows: 2" in text
    endpoint("detach", "d0", namespace=prepared)


def test_outdated(prepared):
    """What the programs know of the host stays as it was; `show` says so, attaching again heals."""
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert show("d0", prepared)["outdated"] == []
    prepared.ip("link", "set", "d0", "mtu", "1400")
    prepared.ip("address", "add", "203.0.113.11/32", "dev", "lo")
    prepared.ip("link", "set", "d0", "address", "02:00:00:00:00:55")
    assert show("d0", prepared)["outdated"] == ["mac", "mtu", "addresses"]
    assert "attach again" in endpoint("show", "d0", namespace=prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert show("d0", prepared)["outdated"] == []
    bench = Bench(prepared, "d0")
    bench.receive(frame(ip(CLIENT, "203.0.113.11", tcp(40000, 80)), entry(17),
                        destination="02:00:00:00:00:55"))
    assert len(bench.flows()) == 1
    endpoint("detach", "d0", namespace=prepared)


def room_advice(said):
    return [line for line in said.splitlines() if "no room for a label" in line]


@pytest.mark.parametrize("mtu, route_mtu, advised", [
    (1500, None, True), (1504, 1500, False), (1500, 1496, False), (1504, None, True)])
def test_room_for_a_label(host, mtu, route_mtu, advised):
    host.ip("link", "set", "d0", "mtu", mtu)
    assert "fe80::/64 dev d0" in host.ip("-6", "route")  # no session goes there
    host.ip("address", "add", "192.0.2.11/24", "dev", "d0", "noprefixroute")
    route_options = ["mtu", route_mtu] if route_mtu else []
    host.ip("route", "add", "192.0.2.0/24", "dev", "d0", *route_options)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    assert bool(room_advice(said)) == advised
    endpoint("detach", "d0", namespace=host)


def path_mtu(host, address):
    """Of a packet of this host's."""
    six = ":" in address
    with host.entered(), socket.socket(
            socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((address, 9))
        # ipv6(7) IPV6_MTU, ip(7) IP_MTU
        return asking.getsockopt(*((socket.IPPROTO_IPV6, 24) if six else (socket.IPPROTO_IP, 14)))


def recipe(title):
    """The commands that the manual has under a heading."""
    section = (ROOT / "docs/endpoint.md").read_text().split(f"\n## {title}\n")[1]
    return section.split("```sh\n")[1].split("```")[0]


@pytest.mark.parametrize("title, network", [("A server", "192.0.2"), ("A client", "198.51.100")])
def test_recipe_of_the_manual_leaves_room(title, network):
    """Word for word, on a host of the addresses that it has."""
    own = {"192.0.2": "192.0.2.11", "198.51.100": "198.51.100.7"}[network]
    others = [f"{network}.9", "203.0.113.5", "2001:db8::9", "2001:db8:7::9"]
    with namespaces(2) as (host, wire):
        connect(host, "eth0", HOST, wire, "d1", "02:00:00:00:00:12")
        wire.ip("link", "set", "d1", "mtu", "1504")
        host.ip("address", "add", f"{own}/24", "dev", "eth0")
        host.ip("address", "add", "2001:db8::11/64", "dev", "eth0", "nodad")
        for family, gateway in (("-4", f"{network}.1"), ("-6", "2001:db8::1")):
            host.ip(family, "route", "add", "default", "via", gateway, "dev", "eth0")
            host.ip("neigh", "replace", gateway, "lladdr", APPLIANCE, "dev", "eth0")
        search = f"PATH={ENDPOINT.parent}:$PATH\n"
        said = host.run("sh", "-ec", search + recipe(title))
        assert room_advice(said) == []
        assert [path_mtu(host, other) for other in others] == [1500] * 4
        # The address is the kernel's own as before: the route goes with it.
        host.ip("address", "del", f"{own}/24", "dev", "eth0")
        assert f"{network}.0/24" not in host.ip("route")


@pytest.mark.parametrize("raised", [False, True])
def test_advice_on_room_is_what_it_takes(host, raised):
    """Followed word for word, with the part on the segment or without."""
    host.ip("address", "add", "192.0.2.11/24", "dev", "d0")
    host.ip("address", "add", "2001:db8::11/64", "dev", "d0", "nodad")
    host.ip("route", "add", "default", "via", "192.0.2.1", "dev", "d0")
    host.ip("-6", "route", "add", "default", "via", "2001:db8::1", "dev", "d0", "mtu", "1500")
    advice, = room_advice(endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host))
    first, *commands = re.findall("`(.*?)`", advice)
    assert first == "ip link set dev d0 mtu 1504"
    assert advice.endswith("; else, with the MTU as it is, 1496 there")
    if raised:
        host.run("sh", "-ec", first)
        # The advice of then: on routes alone.
        said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
        advice, = room_advice(said)
        assert "ip link" not in advice
        commands = re.findall("`(.*?)`", advice)
    for command in commands:
        host.run("sh", "-ec", command if raised else command.replace("1500", "1496"))
    assert room_advice(endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)) == []
    for other in ("192.0.2.9", "203.0.113.5", "2001:db8::9", "2001:db8:7::9"):
        assert path_mtu(host, other) == (1500 if raised else 1496)
    assert "192.0.2.0/24 proto kernel scope link src 192.0.2.11" in host.ip(
        "route", "show", "dev", "d0")
    endpoint("detach", "d0", namespace=host)


@pytest.mark.parametrize("control, advised", [("reno", False), ("bbr", True)])
def test_advises_against_pacing_of_single_segments(host, tmp_path, control, advised):
    """A file stands for the kernel's variable: not every kernel has BBR."""
    (tmp_path / "control").write_text(f"{control}\n")
    path = "/proc/sys/net/ipv4/tcp_congestion_control"
    words = ["unshare", "--mount", "sh", "-ec",
             f'mount --bind {tmp_path}/control {path}; exec "$@"', "-"]
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host, before=words)
    assert ("BBR paces" in said) == advised
    endpoint("detach", "d0", namespace=host)


def test_generic_where_native_is_refused(host):
    """veth takes no native XDP beside an MTU past a page."""
    host.ip("link", "set", "d0", "mtu", "9000")
    with namespaces(1) as (other,):
        connect(host, "e0", "02:00:00:00:00:21", other, "e1", "02:00:00:00:00:22", mtu=9000)
        other.ip("link", "set", "e1", "mtu", "9000")
        before = host.ip("-d", "link", "show", "e0")
        said = endpoint("attach", "e0", "--appliance", APPLIANCE, namespace=host)
        assert "XDP is generic, slower than native" in said
        assert show("e0", host)["mode"] == "generic"
        endpoint("attach", "e0", "--appliance", APPLIANCE, namespace=host)
        assert show("e0", host)["mode"] == "generic"
        endpoint("detach", "e0", namespace=host)
        assert host.ip("-d", "link", "show", "e0") == before


def in_own_sysfs(host, script):
    """Runs a shell's command where /sys has this network's devices."""
    return host.run("unshare", "--mount", "sh", "-ec", f"mount -t sysfs sysfs /sys\n{script}")


@pytest.mark.parametrize("steered, missing", [
    ([], [0, 1, 2, 3]), ([0, 2], [1, 3]), ([0, 1, 3], [2]), ([0, 1, 2, 3], [])])
def test_advises_on_queues_without_packet_steering(host, steered, missing):
    """The command is followed as it stands; then there is nothing to say."""
    if os.cpu_count() == 1:
        pytest.skip("one processor has nothing to spread over")
    host.ip("link", "add", "e0", "numrxqueues", "4", "type", "veth", "peer", "name", "e1")
    for queue in steered:
        in_own_sysfs(host, f"echo 2 > /sys/class/net/e0/queues/rx-{queue}/rps_cpus")

    def advice():
        said = endpoint("attach", "e0", "--appliance", APPLIANCE, namespace=host)
        endpoint("detach", "e0", namespace=host)
        return [line for line in said.splitlines() if "on one queue" in line]

    given = advice()
    assert len(given) == bool(missing)
    for line in given:
        in_own_sysfs(host, line.split("`")[1])
    texts = in_own_sysfs(host, "cat /sys/class/net/e0/queues/rx-*/rps_cpus").split()
    online = pathlib.Path("/sys/devices/system/cpu/online").read_text()
    everyone = sum(
        1 << processor for part in online.split(",")
        for processor in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1))
    assert [int(text.replace(",", ""), 16) for text in texts] == [
        everyone if queue in missing else 2 for queue in range(4)]
    assert advice() == []


@pytest.fixture
def foreign(tmp_path):
    """An object with an XDP program and a classifier of somebody else's."""
    source = tmp_path / "foreign.c"
    source.write_text(
        '__attribute__((section("xdp"))) int pass(void *c) { return 2; }\n'
        '__attribute__((section("classifier"))) int ok(void *c) { return 0; }\n'
        'char _license[] __attribute__((section("license"))) = "GPL";\n')
    subprocess.run(
        [compiler(), "-target", "bpf", "-O2", "-c", source, "-o", tmp_path / "foreign.o"],
        check=True)
    return tmp_path / "foreign.o"


def test_another_xdp_program_stays(prepared, foreign):
    prepared.ip("link", "set", "dev", "d0", "xdp", "obj", foreign, "sec", "xdp")
    before = settings(prepared)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared, status=2)
    assert "another XDP program" in said
    assert settings(prepared) == before
    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_other_filters_stay(prepared, foreign):
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    prepared.run("tc", "filter", "add", "dev", "d0", "ingress", "bpf", "da", "obj", foreign,
                 "sec", "classifier")
    said = endpoint("detach", "d0", namespace=prepared)
    assert "clsact stays" in said
    assert "foreign.o" in prepared.run("tc", "filter", "show", "dev", "d0", "ingress")


def test_ingress_has_no_place_for_what_goes_out(prepared, foreign):
    """It stands where clsact would: filters for egress would hang on it and never run."""
    prepared.run("tc", "qdisc", "add", "dev", "d0", "handle", "ffff:", "ingress")
    prepared.run("tc", "filter", "add", "dev", "d0", "ingress", "bpf", "da", "obj", foreign,
                 "sec", "classifier")
    before = settings(prepared)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared, status=2)
    assert "tc qdisc del dev d0 ingress" in said
    assert settings(prepared) == before
    assert prepared.state_files() == []
    assert "foreign.o" in prepared.run("tc", "filter", "show", "dev", "d0", "ingress")

    prepared.run("tc", "qdisc", "del", "dev", "d0", "ingress")
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert "tagline_push" in prepared.run("tc", "filter", "show", "dev", "d0", "egress")
    assert "tagline_push" not in prepared.run("tc", "filter", "show", "dev", "d0", "ingress")


def test_hook_that_was_there_stays(prepared):
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


# Classifiers of the old BPF machine that answer a packet of any kind with one verdict.
OK, UNSPEC = "1,6 0 0 0", "1,6 0 0 4294967295"


@pytest.mark.parametrize("preference, verdict, named, labelled", [
    (1, OK, True, 0), (99, OK, True, 0), (1, UNSPEC, True, 5), (101, OK, False, 5)])
def test_filters_that_run_before(host, preference, verdict, named, labelled):
    """What they decide on never comes to the endpoint; it can't know, so it names them all."""
    host.ip("address", "add", "192.0.2.11/24", "dev", "d0")
    host.ip("neigh", "replace", "192.0.2.12", "lladdr", "02:00:00:00:00:12", "dev", "d0")
    host.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    for place in (preference, 300):
        host.run("tc", "filter", "add", "dev", "d0", "egress", "pref", place, "bpf", "da",
                 "bytecode", verdict)
    said = endpoint(
        "attach", "d0", "--appliance", APPLIANCE, "--client-prefix", "192.0.2.0/24",
        namespace=host)
    with host.entered(), socket.socket(type=socket.SOCK_DGRAM) as sending:
        for _ in range(5):
            sending.sendto(b"x", ("192.0.2.12", 9))
    status = show("d0", host)
    assert status["counters"]["tx.explicit_null"] == labelled
    assert status["earlier_filters"] == ([preference] if named else [])
    for text in (said, endpoint("show", "d0", namespace=host)):
        assert (f"egress filters of preference {preference} (" in text) == named
        assert ("run before the endpoint" in text) == named
    endpoint("detach", "d0", namespace=host)


def test_filters_of_chains_that_are_gone_to(prepared):
    """They run if a filter of the first chain says so."""
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    for chain, preference in ((7, 3), (0, 5), (0, 4), (0, 5)):
        prepared.run("tc", "filter", "add", "dev", "d0", "egress", "chain", chain, "pref",
                     preference, "bpf", "da", "bytecode", UNSPEC)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert show("d0", prepared)["earlier_filters"] == [4, 5]
    endpoint("detach", "d0", namespace=prepared)


def test_programs_of_tcx_run_before(prepared, foreign):
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    prepared.run("tc", "filter", "add", "dev", "d0", "ingress", "bpf", "da", "obj", foreign,
                 "sec", "classifier")
    filters = json.loads(prepared.run("tc", "-j", "filter", "show", "dev", "d0", "ingress"))
    number, = [item["options"]["prog"]["id"] for item in filters if "options" in item]
    try:
        with prepared.entered():
            Program(number).attach_tcx_egress(socket.if_nametoindex("d0"))
    except OSError as error:
        if error.errno == errno.EINVAL:
            pytest.skip("this kernel has no tcx")
        raise
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    assert "tcx programs" in said and "run before the endpoint" in said
    assert show("d0", prepared)["earlier_tcx_programs"] == 1
    endpoint("detach", "d0", namespace=prepared)


def test_another_filter_in_our_place(prepared, foreign):
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    prepared.run("tc", "filter", "add", "dev", "d0", "egress", "prio", "100", "handle", "1", "bpf",
                 "da", "obj", foreign, "sec", "classifier")
    before = settings(prepared)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared, status=2)
    assert "another egress filter" in said
    assert settings(prepared) == before


def test_attach_that_fails_is_undone(prepared, foreign):
    """Found out only when all else is done: the kernel keeps one protocol a priority."""
    prepared.run("tc", "qdisc", "add", "dev", "d0", "clsact")
    prepared.run("tc", "filter", "add", "dev", "d0", "egress", "protocol", "ip", "prio", "100",
                 "bpf", "da", "obj", foreign, "sec", "classifier")
    before = settings(prepared)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared, status=2)
    assert "attaching to the egress of d0" in said
    assert settings(prepared) == before
    assert prepared.state_files() == []


def test_commands_take_turns(prepared):
    before = settings(prepared)
    commands = [["attach", "d0", "--appliance", APPLIANCE]] * 3 + [["show", "d0"], ["detach", "d0"]]
    processes = [
        subprocess.Popen(prepared.command([ENDPOINT, *command]), stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
        for command in commands]
    for command, process in zip(commands, processes, strict=True):
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0 or command[0] == "show" and "no label endpoint" in said
    endpoint("detach", "d0", namespace=prepared)
    assert settings(prepared) == before


def test_device_that_is_made_again(host):
    """What was saved of a device is not put upon another that has its name."""
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    host.ip("link", "del", "d0")
    said = endpoint("detach", "d0", namespace=host)
    assert "the device is gone" in said
    endpoint("detach", "d0", namespace=host, status=1)

    host.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    host.ip("link", "del", "d0")
    host.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
    host.ip("link", "set", "d0", "gso_max_segs", "1")
    before = settings(host)
    said = endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    assert "earlier device of this name" in said
    endpoint("detach", "d0", namespace=host)
    assert settings(host) == before


def rename(host, *names):
    """Each device to the next name."""
    for old, new in zip(names, names[1:], strict=False):
        host.ip("link", "set", old, "down")
        host.ip("link", "set", old, "name", new)
        host.ip("link", "set", new, "up")


def test_device_that_is_renamed(prepared):
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    rename(prepared, "d0", "e0")
    assert show("e0", prepared)["appliances"] == [APPLIANCE]
    said = endpoint("detach", "d0", namespace=prepared, status=1)
    assert "d0 is called e0 now: `tagline-endpoint detach e0`" in said
    said = endpoint("detach", "e0", namespace=prepared)
    assert "e0: gso_max_segs 1 -> 37" in said
    assert settings(prepared, "e0") == before
    assert prepared.state_files() == []
    endpoint("detach", "d0", namespace=prepared, status=1)


def test_device_that_is_renamed_and_attached_again(prepared):
    before = settings(prepared)
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    rename(prepared, "d0", "e0")
    said = endpoint("attach", "e0", "--appliance", SECOND_APPLIANCE, namespace=prepared)
    assert "flows kept" in said
    endpoint("detach", "e0", namespace=prepared)
    assert settings(prepared, "e0") == before
    assert prepared.state_files() == []


def test_devices_that_change_names(prepared):
    """What was saved goes with the device, not with the name."""
    prepared.ip("link", "add", "f0", "type", "veth", "peer", "name", "f1")
    prepared.ip("link", "set", "f0", "gso_max_segs", "50")
    prepared.ip("link", "set", "f0", "up")
    before = [settings(prepared, device)["features"] for device in ("d0", "f0")]
    for device in ("d0", "f0"):
        endpoint("attach", device, "--appliance", APPLIANCE, namespace=prepared)
    for old, new in (("d0", "x"), ("f0", "d0"), ("x", "f0")):
        rename(prepared, old, new)
    said = [endpoint("detach", device, namespace=prepared) for device in ("f0", "d0")]
    assert "f0: gso_max_segs 1 -> 37" in said[0] and "d0: gso_max_segs 1 -> 50" in said[1]
    assert [settings(prepared, device)["features"] for device in ("f0", "d0")] == before
    assert prepared.state_files() == []


def test_index_that_is_given_again(host):
    """What was saved is not put upon another device, be it of the same index."""
    index = json.loads(host.ip("-j", "link", "show", "d0"))[0]["ifindex"]
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=host)
    host.ip("link", "del", "d0")
    host.ip("link", "add", "e0", "index", index, "type", "veth", "peer", "name", "e1")
    host.ip("link", "set", "e0", "gso_max_segs", "1")
    before = settings(host, "e0")
    assert "nothing to do" in endpoint("detach", "e0", namespace=host)
    endpoint("attach", "e0", "--appliance", APPLIANCE, namespace=host)
    endpoint("detach", "e0", namespace=host)
    assert settings(host, "e0") == before
    assert host.state_files() == []


def test_state_that_an_earlier_version_saved(prepared):
    """It named the files by the devices."""
    before = settings(prepared)
    for again in (False, True):
        endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
        path, = prepared.state_files()
        path.rename(path.with_name(f"{path.stem.rsplit('-', 1)[0]}-d0.json"))
        if again:
            endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
        endpoint("detach", "d0", namespace=prepared)
        assert settings(prepared) == before
        assert prepared.state_files() == []


def test_state_that_cannot_be_read(prepared):
    """That of another device is in nobody's way."""
    endpoint("attach", "d0", "--appliance", APPLIANCE, namespace=prepared)
    path, = prepared.state_files()
    other = path.with_name(path.name.rsplit("-", 1)[0] + "-999999.json")
    for broken in (other, path):
        broken.write_text("{")
    said = endpoint("detach", "d0", namespace=prepared, status=2)
    assert f"{path} cannot be read" in said
    path.unlink()
    said = endpoint("detach", "d0", namespace=prepared)
    assert "d0: detached" in said and "no state was saved" in said
    assert other.exists()


@pytest.mark.parametrize("arguments, status, expected", [
    (["attach", "d0"], 1, "--appliance"),
    (["attach", "d0", "--appliance", ""], 1, "no host's MAC address"),
    (["attach", "d0", "--appliance", "02:00:00:00:00"], 1, "no host's MAC address"),
    (["attach", "d0", "--appliance", "01:00:5e:00:00:01"], 1, "no host's MAC address"),
    (["attach", "d0", "--appliance", f"{APPLIANCE},any"], 1, "`any` stands alone"),
    (["attach", "d0", "--appliance", APPLIANCE, "--client-prefix", "203.0.113.0/33"], 1, "0 to 32"),
    (["attach", "d0", "--appliance", APPLIANCE, "--client-prefix", "203.0.113.9/24"], 1,
     "did you mean 203.0.113.0/24"),
    (["attach", "d0", "--appliance", APPLIANCE, "--client-prefix", "x"], 1, "no prefix"),
    (["attach", "nothere", "--appliance", APPLIANCE], 1, "no device nothere"),
    (["attach", "../d0", "--appliance", APPLIANCE], 1, "no device's name"),
    (["attach", "lo", "--appliance", APPLIANCE], 1, "no Ethernet device"),
    (["detach", "nothere"], 1, "no device nothere"),
    (["show", "d0"], 1, "no label endpoint"),
    (["frobnicate"], 1, "Usage"),
])
def test_bad_input(host, arguments, status, expected):
    before = settings(host)
    said = endpoint(*arguments, namespace=host, status=status)
    assert expected in said
    assert settings(host) == before


def test_kernel_without_numbers_of_network_namespaces(host, tmp_path):
    """States of devices in other namespaces would be taken for this one's."""
    before = settings(host)
    words = pretence(tmp_path, NAMELESS=[1])
    for command in (["attach", "d0", "--appliance", APPLIANCE], ["detach", "d0"], ["show", "d0"]):
        said = endpoint(*command, namespace=host, status=2, before=words)
        assert "Linux 5.14 or later is needed" in said
    assert settings(host) == before


def test_without_rights(host):
    before = settings(host)
    result = subprocess.run(
        host.command([
            "setpriv", "--reuid", "nobody", "--clear-groups", "--inh-caps=-all",
            ENDPOINT, "attach", "d0", "--appliance", APPLIANCE]),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert result.returncode == 2, result.stdout
    assert "run this as root" in result.stdout
    assert settings(host) == before


def test_help_is_no_error():
    assert "attach" in endpoint("--help")
