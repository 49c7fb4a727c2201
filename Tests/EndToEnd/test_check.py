"""`tagline check`, and the exit codes of `run`."""

import re
from pathlib import Path

import pytest
import yaml

from harness.program import TAGLINE, TAGLINECTL, check, finish
from harness.setup import one_arm, two_arms

CONTRACT = """\
workers: 1
sessions-per-worker: 1048576
memory:
  hugepages: auto
admin:
  socket: /run/tagline/admin.sock
metrics: 127.0.0.1:9464
ports:
  - name: front
    device: net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap
    side: both
    mac: 02:00:00:00:00:01
    mtu: 1500
    vlan: 0
    address: [192.0.2.1/24]
    gateway:
      mac: 02:00:00:00:00:fe
labels:
  range: 17-1048573
  first: random
  unknown: analyse
  guard: flow
  quarantine: 1s
  embryonic-share: 25
answers-per-second: 1000
timeouts:
  tcp-embryonic: 5s
  tcp-established: 15m
  tcp-closing: 2s
  udp-embryonic: 5s
  udp: 30s
services:
  - name: web
    address: 203.0.113.10
    protocol: tcp
    port: 80
    algorithm: wlc
    clients: auto
    max-sessions: 100000
    new-sessions-per-second: 0
    refuse-with: reset
    health:
      type: http
      path: /
      interval: 2s
      timeout: 1s
      rise: 2
      fall: 3
    servers:
      - name: web1
        address: 192.0.2.11
        mac: 02:00:00:00:01:11
        port: front
        weight: 1
        labels: true
        max-sessions: 0
"""


def checked(tmp_path, text):
    path = tmp_path / "tagline.yaml"
    path.write_text(text)
    return check(path)


def test_the_contracts_page_is_right(tmp_path):
    done = checked(tmp_path, CONTRACT)
    assert (done.returncode, done.stderr) == (0, "")


ACCEPTED = [
    ("port: 80\n", "port: 8000-8099\n"),
    ("port: 80\n", "port: any\n"),
    ("protocol: tcp", "protocol: udp"),
    ("address: 203.0.113.10", "address: 2001:db8::10"),
    ("hugepages: auto", "hugepages: required"),
    ("first: random", "first: lowest"),
    ("unknown: analyse", "unknown: discard"),
    ("guard: flow", "guard: port"),
    ("range: 17-1048573", "range: 17-23"),
    ("clients: auto", "clients: labelled"),
    ("clients: auto", "clients: plain"),
    ("refuse-with: reset", "refuse-with: icmp"),
    ("refuse-with: reset", "refuse-with: drop"),
    ("type: http", "type: tcp"),
    ("type: http", "type: icmp"),
    ("labels: true", "labels: false"),
    ("device: net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap", "device: 0000:03:00.0"),
    *[("algorithm: wlc", f"algorithm: {name}")
      for name in ("rr", "wrr", "lc", "rt", "p2c", "maglev")],
]


@pytest.mark.parametrize("before, after", ACCEPTED, ids=lambda value: value.strip()[:30])
def test_every_value_of_the_page_is_known(tmp_path, before, after):
    done = checked(tmp_path, CONTRACT.replace(before, after))
    assert (done.returncode, done.stderr) == (0, "")


REFUSED = [
    ("workers: 1", "workers: none"),
    ("workers: 1", "workers: 0"),
    ("workers: 1", "wokers: 1"),
    ("hugepages: auto", "hugepages: some"),
    ("side: both", "side: left"),
    ("mac: 02:00:00:00:00:01", "mac: 02:00:00:00:00"),
    ("mtu: 1500", "mtu: many"),
    ("vlan: 0", "vlan: 4095"),
    ("vlan: 0", "vlan: 5000"),
    ("address: [192.0.2.1/24]", "address: [192.0.2.1/33]"),
    ("range: 17-1048573", "range: 15-23"),
    ("range: 17-1048573", "range: 17-1048575"),
    ("range: 17-1048573", "range: 23-17"),
    ("first: random", "first: highest"),
    ("unknown: analyse", "unknown: forward"),
    ("guard: flow", "guard: none"),
    ("quarantine: 1s", "quarantine: 1 fortnight"),
    ("embryonic-share: 25", "embryonic-share: 101"),
    ("answers-per-second: 1000", "answers-per-second: -1"),
    ("tcp-closing: 2s", "tcp-closing: soon"),
    ("tcp-closing: 2s", "tcp-close: 2s"),
    ("address: 203.0.113.10", "address: 203.0.113.300"),
    ("protocol: tcp", "protocol: sctp"),
    ("port: 80\n", "port: 70000\n"),
    ("port: 80\n", "port: 8099-8000\n"),
    ("algorithm: wlc", "algorithm: fastest"),
    ("clients: auto", "clients: some"),
    ("refuse-with: reset", "refuse-with: silence"),
    ("type: http", "type: dns"),
    ("port: front", "port: nowhere"),
    ("weight: 1", "weight: -1"),
    ("labels: true", "labels: perhaps"),
    ("metrics: 127.0.0.1:9464", "metrics: everywhere"),
]
LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<wrong>.+); (?P<expected>.+)")


@pytest.mark.parametrize("before, after", REFUSED, ids=lambda value: value.strip()[:30])
def test_an_error_has_its_place(tmp_path, before, after):
    assert CONTRACT.count(before) >= 1
    text = CONTRACT.replace(before, after, 1)
    lines = text.splitlines()
    number = next(n for n, line in enumerate(lines, 1) if after.strip() in line)
    done = checked(tmp_path, text)
    assert done.returncode == 1
    found = [LINE.fullmatch(line) for line in (done.stdout + done.stderr).splitlines()]
    assert all(found) and len(found) >= 1, done.stdout + done.stderr
    assert found[0]["file"] == str(tmp_path / "tagline.yaml")
    assert int(found[0]["line"]) == number
    key = lines[number - 1].index(after.strip()) + 1
    assert key <= int(found[0]["column"]) <= key + len(after.strip())


def test_all_errors_are_told(tmp_path):
    text = CONTRACT
    for before, after in (REFUSED[3], REFUSED[4], REFUSED[25]):
        text = text.replace(before, after, 1)
    done = checked(tmp_path, text)
    places = [LINE.fullmatch(line) for line in (done.stdout + done.stderr).splitlines()]
    expected = [
        n for n, line in enumerate(text.splitlines(), 1)
        if "some" in line or "left" in line or "fastest" in line
    ]
    assert [int(place["line"]) for place in places] == expected


def test_the_file_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text("workers: none\n")
    done = check("wrong.yaml")
    assert done.returncode == 1
    assert (done.stdout + done.stderr).startswith("wrong.yaml:1:")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "ports: [\n", "\x00\x01", "ports: &a [*a]\n"])
def test_no_configuration_at_all(tmp_path, text):
    done = checked(tmp_path, text)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).startswith(str(tmp_path / "tagline.yaml"))


@pytest.mark.parametrize("duplicate", ["ports", "services", "servers"])
def test_names_are_used_once(tmp_path, duplicate):
    document = yaml.safe_load(CONTRACT)
    if duplicate == "servers":
        document["services"][0]["servers"] *= 2
    else:
        document[duplicate] *= 2
    done = checked(tmp_path, yaml.safe_dump(document, sort_keys=False))
    assert done.returncode == 1


@pytest.mark.parametrize("setup", [one_arm(), two_arms()])
def test_the_tests_own_configurations_are_right(tmp_path, setup):
    assert checked(tmp_path, setup.text(tmp_path)).returncode == 0


def one_line(done):
    return len((done.stdout + done.stderr).strip().splitlines()) == 1


def test_a_missing_file_is_bad_input(tmp_path):
    for command in ("check", "run"):
        done = finish([TAGLINE, command, "--config", tmp_path / "none.yaml"])
        assert done.returncode == 1 and one_line(done), done.stderr


def test_run_refuses_what_check_refuses(tmp_path):
    path = tmp_path / "tagline.yaml"
    path.write_text(CONTRACT.replace("side: both", "side: left"))
    assert finish([TAGLINE, "run", "--config", path]).returncode == 1


def test_a_device_that_is_not_there_is_the_environments_fault(tmp_path):
    setup = one_arm()
    document = setup.document(tmp_path)
    document["ports"][0]["device"] = "0000:ff:1f.7"
    path = tmp_path / "tagline.yaml"
    path.write_text(yaml.safe_dump(document))
    done = finish([TAGLINE, "run", "--config", path])
    assert done.returncode == 2, done.stdout + done.stderr


def test_huge_pages_that_are_not_there_are_the_environments_fault(tmp_path):
    pages = re.search(r"HugePages_Free:\s+(\d+)", Path("/proc/meminfo").read_text())
    if pages and int(pages[1]):
        pytest.skip("this machine has huge pages")
    document = one_arm().document(tmp_path) | {"memory": {"hugepages": "required"}}
    path = tmp_path / "tagline.yaml"
    path.write_text(yaml.safe_dump(document))
    done = finish([TAGLINE, "run", "--config", path])
    assert done.returncode == 2, done.stdout + done.stderr


@pytest.mark.parametrize("words", [["run"], ["check"], ["fly"], ["run", "--config"]])
def test_a_command_that_is_none_is_bad_input(words):
    assert finish([TAGLINE, *words]).returncode == 1


def test_no_appliance_to_control(tmp_path):
    done = finish([TAGLINECTL, "--socket", tmp_path / "none.sock", "status"])
    assert done.returncode == 2 and one_line(done), done.stdout + done.stderr
