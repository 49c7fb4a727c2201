/* Calls of the Linux kernel that Swift cannot make itself: ioctl is variadic, sockaddr_nl is no type
 * of Swift's C library, and unshare is hidden in it. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>

/* A new TAP device of that name, which lives as long as the descriptor: close-on-exec, non-blocking,
 * frames without a header before them. Returns a descriptor or a negative errno; -EBUSY and -EINVAL when
 * an interface of the name is there. */
int linux_tap_open(const char *name);

/* An rtnetlink socket (rtnetlink(7)), close-on-exec and non-blocking, that hears the groups of the mask
 * (RTMGRP_*). Returns a descriptor or a negative errno. */
int linux_rtnetlink_open(uint32_t groups);

#define LINUX_OFFLOAD_GRO 1
#define LINUX_OFFLOAD_LRO 2
#define LINUX_OFFLOAD_TSO 4

/* Which of a device's offloads are on that make packets longer than its link (SIOCETHTOOL: ETHTOOL_GGRO,
 * ETHTOOL_GFLAGS, ETHTOOL_GTSO). Returns LINUX_OFFLOAD_* or a negative errno. */
int linux_offloads(const char *device);

/* Puts the calling thread, alone, into a new network namespace (unshare(2)). Returns 0 or a negative errno. */
int linux_network_unshare(void);

#endif
