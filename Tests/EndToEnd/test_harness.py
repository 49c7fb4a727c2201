"""The helpers themselves, without the appliance: what they build, scapy and tshark must read."""

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Dot1Q, Ether
from scapy.utils import rdpcap

from harness import evidence, wireshark
from harness.captures import read_capture, write_capture
from harness.flows import tcp, udp
from harness.frames import Entry, Frame, padded


def test_scapy_reads_what_the_builder_wrote():
    raw = tcp(client_vlan=7).up(tcp().syn(mss=1460), label=17, ttl=50)
    packet = Ether(raw)
    assert packet[Dot1Q].vlan == 7
    assert (packet[MPLS].label, packet[MPLS].s, packet[MPLS].ttl) == (17, 1, 50)
    assert packet[IP].ttl == 50
    assert packet[TCP].options == [("MSS", 1460)]


def test_frame_takes_apart_what_the_builder_wrote():
    stack = [Entry(0, 9), Entry(17, 50, tc=5)]
    parsed = Frame(padded(udp(version=6, server_vlan=9).down(udp().answer(b"x"), label=stack), 90))
    assert parsed.vlan == 9
    assert parsed.labels == [Entry(0, 9, 0, False), Entry(17, 50, 5, True)]
    assert parsed.ip.version == 6
    assert len(parsed.raw) == 90
    assert len(parsed.unpadded) == 18 + 8 + 40 + 8 + 1


def test_captures_survive_writing_and_reading(tmp_path):
    path = tmp_path / "a.pcap"
    frames = [tcp().up(tcp().syn()), bytes(range(20))]
    write_capture(path, frames)
    assert [raw for _, raw in read_capture(path)] == frames
    assert [bytes(packet) for packet in rdpcap(str(path))] == frames


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("make", [tcp, udp])
@pytest.mark.parametrize("place", [18 + 14, -1])  # in the source address, and the data
def test_a_flipped_byte_is_seen(version, make, place):
    flow = make(version=version)
    raw = bytearray(flow.at_server(flow.send(b"four"), label=17))
    evidence.assert_sound(Frame(bytes(raw)))
    assert not wireshark.complaints([Frame(bytes(raw))])
    raw[place] ^= 0x01
    with pytest.raises(AssertionError):
        evidence.assert_sound(Frame(bytes(raw)))


def test_tshark_sees_bad_checksums_and_short_frames():
    good = tcp().at_server(tcp().send(b"data"))
    bad = good[:-1] + b"!"
    found = wireshark.complaints([Frame(good), Frame(bad)])
    assert len(found) == 1


def test_the_equation_is_checked():
    counters = {name: 0 for name in evidence.SENT} | {"rx.packets": 3, "drop.ttl": 2}
    assert not evidence.balanced(counters)
    assert evidence.balanced(counters | {"label.switched": 1})
