"""What holds after every run: the counter equation, and checksums of all that was sent."""

from scapy.layers.inet import IP, in4_chksum
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.utils import checksum

from .frames import IPV4, IPV6, MPLS

EXTENSIONS = {0, 43, 60}
FRAGMENT_HEADER = 44
CHECKSUM_PLACE = {6: 16, 17: 6, 58: 2}
SENT = ("label.switched", "analysed.forwarded", "kernel.packets")


def balanced(counters):
    """rx.packets = label.switched + analysed.forwarded + kernel.packets + sum(drop.*)."""
    drops = sum(value for name, value in counters.items() if name.startswith("drop."))
    return counters["rx.packets"] == drops + sum(counters[name] for name in SENT)


def delivered(counters):
    """Whether all that was forwarded or answered has reached a device, or was too much for it."""
    forwarded = counters["label.switched"] + counters["analysed.forwarded"]
    handed = counters["tx.packets"] + counters["tx.full"]
    return handed >= forwarded + counters["answer.packets"]


def assert_balanced(counters):
    assert balanced(counters), {name: value for name, value in counters.items() if value}


def assert_sound(frame):
    """The frame is whole and its checksums are those that scapy computes."""
    assert frame.ethertype in (IPV4, IPV6, MPLS), repr(frame)
    assert frame.ip is not None, frame.raw.hex()
    assert frame.ip_length <= len(frame.raw) - frame.ip_offset, f"cut short: {frame.raw.hex()}"
    if frame.labels:
        assert [e.bottom for e in frame.labels] == [False] * (len(frame.labels) - 1) + [True]
        assert all(e.ttl > 0 for e in frame.labels), repr(frame)
    assert frame.ttl > 0, repr(frame)
    if frame.ip.version == 4:
        assert_sound_ipv4(frame)
    else:
        assert_sound_ipv6(frame)


def assert_sound_ipv4(frame):
    content = frame.ip_bytes
    header_length = frame.ip.ihl * 4
    assert checksum(content[:header_length]) == 0, f"IPv4 checksum of {frame!r}"
    fragment = frame.ip.frag or frame.ip.flags.MF
    if fragment:
        return
    segment, number = content[header_length:], frame.ip.proto
    if number == 1:
        assert checksum(segment) == 0, f"ICMP checksum of {frame!r}"
    elif number in CHECKSUM_PLACE and not (number == 17 and segment[6:8] == b"\0\0"):
        header = IP(content[:20])  # without options: scapy's pseudo header counts them otherwise
        header.len, header.ihl = 20 + len(segment), 5
        assert_segment(frame, segment, number, in4_chksum(number, header, cleared(segment, number)))


def assert_sound_ipv6(frame):
    content = frame.ip_bytes
    number, place = content[6], 40
    while number in EXTENSIONS:
        number, place = content[place], place + 8 * (content[place + 1] + 1)
    if number == FRAGMENT_HEADER or number not in CHECKSUM_PLACE:
        return
    segment = content[place:]
    header = IPv6(src=frame.ip.src, dst=frame.ip.dst, nh=number)
    assert_segment(frame, segment, number, in6_chksum(number, header, cleared(segment, number)))


def cleared(segment, number):
    """The segment with a checksum of 0, as it is summed."""
    place = CHECKSUM_PLACE[number]
    return segment[:place] + b"\0\0" + segment[place + 2 :]


def assert_segment(frame, segment, number, expected):
    place = CHECKSUM_PLACE[number]
    if number == 17 and expected == 0:
        expected = 0xFFFF  # RFC 768: a computed 0 is sent as all ones
    seen = int.from_bytes(segment[place : place + 2], "big")
    assert seen == expected, f"checksum {seen:#x}, not {expected:#x}: {frame!r}"
