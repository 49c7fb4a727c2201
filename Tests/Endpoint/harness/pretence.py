"""A kernel and drivers other than this machine's: the C library's calls, answered otherwise."""

import array
import fcntl
import pathlib
import shutil
import socket
import struct
import subprocess

SIOCETHTOOL, ETHTOOL_GSTRINGS, ETHTOOL_GSSET_INFO, ETH_SS_FEATURES = 0x8946, 0x1B, 0x37, 4
STRING_LENGTH = 32

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

// Features (bits) that stay on whatever is asked for, and those that cannot be changed.
static int is_among(const char *name, int bit) {
  for (const char *text = getenv(name); text && *text;) {
    char *end;
    if (strtol(text, &end, 10) == bit) return 1;
    text = *end ? end + 1 : end;
  }
  return 0;
}

int ioctl(int descriptor, unsigned long request, ...) {
  int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  int result = next(descriptor, request, argument);
  if (result || request != SIOCETHTOOL) return result;
  struct ethtool_gfeatures *features = (void *)((struct ifreq *)argument)->ifr_data;
  if (features->cmd != ETHTOOL_GFEATURES) return result;
  for (int bit = 0; bit < (int)features->size * 32; bit++) {
    struct ethtool_get_features_block *block = &features->features[bit / 32];
    if (is_among("STAYING", bit) || is_among("FIXED", bit)) block->active |= 1u << bit % 32;
    if (is_among("FIXED", bit)) block->never_changed |= 1u << bit % 32;
  }
  return result;
}

// A kernel before Linux 5.14 knows no SO_NETNS_COOKIE.
int getsockopt(int socket, int level, int name, void *value, socklen_t *length) {
  int (*next)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");
  if (getenv("NAMELESS") && level == SOL_SOCKET && name == 71) {
    errno = ENOPROTOOPT;
    return -1;
  }
  return next(socket, level, name, value, length);
}
"""


def compiler():
    return shutil.which("clang") or str(pathlib.Path(shutil.which("swift")).parent / "clang")


def feature_bits(namespace, device):
    """Names of features, as `ethtool -k` has them, to their bits."""

    def ethtool(command):
        buffer = array.array("B", command)
        request = struct.pack("=16sQ16x", device.encode(), buffer.buffer_info()[0])
        fcntl.ioctl(asking, SIOCETHTOOL, request)
        return bytes(buffer)

    with namespace.entered(), socket.socket(type=socket.SOCK_DGRAM) as asking:
        count, = struct.unpack_from("=16xI", ethtool(
            struct.pack("=IIQI", ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES, 0)))
        strings = ethtool(struct.pack("=III", ETHTOOL_GSTRINGS, ETH_SS_FEATURES, count)
                          + bytes(count * STRING_LENGTH))
    names = [strings[12 + STRING_LENGTH * bit:][:STRING_LENGTH] for bit in range(count)]
    return {name.rstrip(b"\0").decode(): bit for bit, name in enumerate(names)}


def pretence(folder, **variables):
    """Words before a command.

    `STAYING` and `FIXED` are lists of features' bits; `NAMELESS`: the kernel does not tell network
    namespaces apart."""
    library = folder / "pretence.so"
    if not library.exists():
        (folder / "pretence.c").write_text(SOURCE)
        subprocess.run(
            [compiler(), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
             folder / "pretence.c"],
            check=True)
    values = [f"{name}={','.join(map(str, value))}" for name, value in variables.items()]
    return ["env", f"LD_PRELOAD={library}", *values]
