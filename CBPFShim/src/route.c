#include "endpoint_route.h"

#include "netlink.h"

#include <errno.h>
#include <string.h>

struct reading {
  enum endpoint_route_kind kind;
  struct endpoint_route *routes;
  int capacity, count;
};

static __u32 read_mtu(struct rtattr *metrics) {
  const struct rtattr *mtu = netlink_find(RTA_DATA(metrics), RTA_PAYLOAD(metrics), RTAX_MTU);
  return mtu && RTA_PAYLOAD(mtu) == sizeof(__u32) ? *(__u32 *)RTA_DATA(mtu) : 0;
}

static int read_route(const struct nlmsghdr *message, void *context) {
  struct reading *reading = context;
  if (message->nlmsg_type != RTM_NEWROUTE) return 0;
  const struct rtmsg *info = NLMSG_DATA(message);
  // A dump of IPv6 routes brings cached ones too.
  if (info->rtm_flags & RTM_F_CLONED) return 0;
  int is_local = reading->kind == ENDPOINT_ROUTES_LOCAL;
  __u32 table = info->rtm_table;
  struct endpoint_route route = {
      .family = info->rtm_family == AF_INET ? 4 : 6,
      .length = info->rtm_dst_len,
  };
  int left = RTM_PAYLOAD(message);
  for (struct rtattr *attribute = RTM_RTA(info); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    size_t length = RTA_PAYLOAD(attribute);
    switch (attribute->rta_type) {
    case RTA_DST:
      if (length <= 16) memcpy(&route.high, RTA_DATA(attribute), length);
      break;
    case RTA_OIF:
      if (length == sizeof(__u32)) route.interface = *(__u32 *)RTA_DATA(attribute);
      break;
    case RTA_TABLE:
      if (length == sizeof(__u32)) table = *(__u32 *)RTA_DATA(attribute);
      break;
    case RTA_METRICS: route.mtu = read_mtu(attribute); break;
    default: break;
    }
  }
  if (table != (is_local ? RT_TABLE_LOCAL : RT_TABLE_MAIN)) return 0;
  // Anycast is what a router takes as its own; nobody offers a service there.
  if (info->rtm_type != (is_local ? RTN_LOCAL : RTN_UNICAST)) return 0;
  if (reading->count < reading->capacity) reading->routes[reading->count] = route;
  reading->count++;
  return 0;
}

static int read_family(int family, struct reading *reading) {
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
    char attributes[32];
  } request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.route),
                 .nlmsg_type = RTM_GETROUTE,
                 .nlmsg_flags = NLM_F_DUMP},
      .route = {.rtm_family = family},
  };
  __u32 table = reading->kind == ENDPOINT_ROUTES_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
  netlink_add(&request.header, RTA_TABLE, &table, sizeof table);
  return netlink_request(&request.header, read_route, reading);
}

int endpoint_routes_read(enum endpoint_route_kind kind, struct endpoint_route *routes, int capacity) {
  struct reading reading = {.kind = kind, .routes = routes, .capacity = capacity};
  int result = read_family(AF_INET, &reading);
  if (result == 0) result = read_family(AF_INET6, &reading);
  // A kernel without IPv6, or without such a table yet, has no such routes.
  if (result == -EOPNOTSUPP || result == -ENOENT || result == -EAFNOSUPPORT) result = 0;
  return result ? result : reading.count;
}
