"""The bpf(2) system call: running a loaded program on a packet, and reading and writing maps."""

import ctypes
import os
import platform
import struct
from dataclasses import dataclass

NUMBER = {"x86_64": 321, "aarch64": 280}[platform.machine()]
LIBC = ctypes.CDLL(None, use_errno=True)

MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, MAP_NEXT = 1, 2, 3, 4
ATTACH, TEST_RUN, PROGRAM_BY_ID, MAP_BY_ID, INFO = 8, 10, 13, 14, 15
TCX_EGRESS = 47

XDP_DROP, XDP_PASS = 1, 2
TC_UNSPEC = 0xFFFF_FFFF
SK_BUFF_LENGTH = 192
SK_BUFF_IFINDEX, SK_BUFF_GSO_SEGMENTS, SK_BUFF_GSO_SIZE = 40, 164, 176


def bpf(command, attributes):
    """Returns the call's result and the attributes as the kernel left them."""
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = LIBC.syscall(NUMBER, command, buffer, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result, buffer.raw


def address(buffer):
    return ctypes.addressof(buffer)


def information(descriptor, length):
    """struct bpf_prog_info or bpf_map_info."""
    buffer = ctypes.create_string_buffer(length)
    bpf(INFO, struct.pack("=IIQ", descriptor, length, address(buffer)))
    return buffer.raw


@dataclass
class Map:
    descriptor: int
    key_size: int
    value_size: int

    def keys(self):
        found = []
        key = None
        after = ctypes.create_string_buffer(self.key_size)
        while True:
            before = ctypes.create_string_buffer(key, self.key_size) if key else None
            try:
                bpf(MAP_NEXT, struct.pack(
                    "=IIQQ", self.descriptor, 0, address(before) if before else 0, address(after)))
            except FileNotFoundError:
                return found
            key = after.raw
            found.append(key)

    def __getitem__(self, key):
        key = ctypes.create_string_buffer(key, self.key_size)
        value = ctypes.create_string_buffer(self.value_size)
        bpf(MAP_LOOKUP, struct.pack("=IIQQQ", self.descriptor, 0, address(key), address(value), 0))
        return value.raw

    def items(self):
        return {key: self[key] for key in self.keys()}

    def __setitem__(self, key, value):
        key = ctypes.create_string_buffer(key, self.key_size)
        value = ctypes.create_string_buffer(value, self.value_size)
        bpf(MAP_UPDATE, struct.pack("=IIQQQ", self.descriptor, 0, address(key), address(value), 0))

    def clear(self):
        for key in self.keys():
            key = ctypes.create_string_buffer(key, self.key_size)
            bpf(MAP_DELETE, struct.pack("=IIQ", self.descriptor, 0, address(key)))


class Program:
    def __init__(self, number):
        self.descriptor, _ = bpf(PROGRAM_BY_ID, struct.pack("=III", number, 0, 0))

    def attach_tcx_egress(self, interface):
        """A classifier, in the network namespace that the thread is in."""
        bpf(ATTACH, struct.pack(
            "=IIIIIIQ", interface, self.descriptor, TCX_EGRESS, 0, 0, 0, 0))

    def maps(self):
        """By their names."""
        identifiers = (ctypes.c_uint32 * 64)()
        buffer = ctypes.create_string_buffer(64)
        # type, id, tag, lengths and addresses of both code forms, load time, uid, nr_map_ids, map_ids
        struct.pack_into("=IQ", buffer, 52, 64, address(identifiers))
        bpf(INFO, struct.pack("=IIQ", self.descriptor, 64, address(buffer)))
        count = struct.unpack_from("=I", buffer, 52)[0]
        found = {}
        for number in identifiers[:count]:
            descriptor, _ = bpf(MAP_BY_ID, struct.pack("=III", number, 0, 0))
            _, _, key_size, value_size, _, _, name = struct.unpack_from(
                "=IIIIII16s", information(descriptor, 40))
            found[name.rstrip(b"\0").decode()] = Map(descriptor, key_size, value_size)
        return found

    def run(self, frame, context=b""):
        """BPF_PROG_TEST_RUN: the program's verdict and the frame afterwards."""
        given = ctypes.create_string_buffer(frame, len(frame))
        taken = ctypes.create_string_buffer(len(frame) + 256)
        given_context = ctypes.create_string_buffer(context, max(len(context), 1))
        _, attributes = bpf(TEST_RUN, struct.pack(
            "=IIIIQQIIIIQQIII", self.descriptor, 0, len(frame), len(taken), address(given),
            address(taken), 1, 0, len(context), 0, address(given_context) if context else 0, 0,
            0, 0, 0))
        verdict, length = struct.unpack_from("=I", attributes, 4)[0], struct.unpack_from(
            "=I", attributes, 12)[0]
        return verdict, taken.raw[:length]


def sk_buff(interface, gso_size=0):
    """The context of a packet that leaves by a device."""
    context = bytearray(SK_BUFF_LENGTH)
    struct.pack_into("=I", context, SK_BUFF_IFINDEX, interface)
    if gso_size:
        struct.pack_into("=I", context, SK_BUFF_GSO_SEGMENTS, 2)
        struct.pack_into("=I", context, SK_BUFF_GSO_SIZE, gso_size)
    return bytes(context)
