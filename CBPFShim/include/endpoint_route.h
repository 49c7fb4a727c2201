// The kernel's routes, by rtnetlink.
#pragma once

#include <linux/types.h>

struct endpoint_route {
  __u64 high, low;   // destination as in the frame, IPv4 in the first four bytes
  __u32 interface;   // that packets leave by; of local routes, that has the address
  __u32 mtu;         // route's own; 0: none
  __u8 family;       // 4 or 6
  __u8 length;       // bits of the prefix
};

enum endpoint_route_kind {
  ENDPOINT_ROUTES_LOCAL,    // what the host takes as its own (table `local`)
  ENDPOINT_ROUTES_UNICAST,  // table `main`
};

/// Fills `routes` with up to `capacity` routes and returns how many there are, which may be more.
int endpoint_routes_read(enum endpoint_route_kind kind, struct endpoint_route *routes, int capacity);
