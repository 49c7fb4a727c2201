"""The real appliance between two devices of a host, on DPDK's af_packet driver."""

from rig.appliance import DEVICES, Appliance
from support.programs import FOLDER


def appliance(host, ports, services):
    """`ports`: name, also the device's, to (side, MAC, gateway's MAC)."""
    return Appliance(host, FOLDER, {
        "workers": 1,
        "sessions-per-worker": 4096,
        "memory": {"hugepages": "none"},
        "ports": [
            {"name": name, "side": side, "mac": mac, "mtu": 1504, "gateway": {"mac": gateway},
             "device": DEVICES["af_packet"].format(number=number, name=name)}
            for number, (name, (side, mac, gateway)) in enumerate(ports.items())],
        "labels": {"first": "lowest"},
        "services": services,
    })
