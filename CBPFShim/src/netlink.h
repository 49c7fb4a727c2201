// Requests to rtnetlink. Negative errno on failure.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <stddef.h>
#include <sys/socket.h>

/// Called for each message of an answer; a result that is not 0 ends the reading with it.
typedef int (*netlink_reader)(const struct nlmsghdr *message, void *context);

/// Sends `request` and hands what comes back to `reader` (may be null) until the dump's end or the
/// acknowledgement.
int netlink_request(struct nlmsghdr *request, netlink_reader reader, void *context);

/// The first attribute of a type among those that fill `left` bytes from `first` on; null if there is none.
const struct rtattr *netlink_find(const struct rtattr *first, int left, unsigned short type);

/// Adds an attribute to a message that lies in a buffer with room for it.
void netlink_add(struct nlmsghdr *message, unsigned short type, const void *data, size_t length);
