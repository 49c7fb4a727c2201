"""The test network: who has which address. Every test uses these hosts and no others."""

FRONT_MAC = "02:00:00:00:00:01"  # the appliance's only port when one-armed, else the clients' port
BACK_MAC = "02:00:00:00:00:02"  # the servers' port when two-armed
GATEWAY_MAC = "02:00:00:00:00:fe"
STRANGER_MAC = "02:00:00:00:0f:0f"

VIP4 = "203.0.113.10"
VIP6 = "2001:db8:ffff::10"
TCP_PORT = 80
UDP_PORT = 41000


def vip(version):
    """The service's address of IP version 4 or 6."""
    return VIP4 if version == 4 else VIP6


def server_mac(number):
    return f"02:00:00:00:01:{number:02x}"


def server_address(number):
    return f"192.0.2.{10 + number}"


def client_mac(number):
    return f"02:00:00:02:{number >> 8:02x}:{number & 255:02x}"


def client_address(number, version):
    """Client `number` (1 ... 65535) of the documentation or benchmark prefix."""
    if version == 4:
        return f"198.18.{number >> 8}.{number & 255}"
    return f"2001:db8:c::{number:x}"
