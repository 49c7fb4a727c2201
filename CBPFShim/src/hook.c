#include "hook.h"

#include "netlink.h"

#include <bpf/bpf.h>
#include <string.h>

struct discipline_request {
  struct nlmsghdr header;
  struct tcmsg traffic;
};

struct hook_search {
  int interface;
  enum endpoint_hook found;
};

// `ingress` stands in the same place as clsact (TC_H_INGRESS is TC_H_CLSACT): only its kind tells.
static int find_hook(const struct nlmsghdr *message, void *context) {
  const struct tcmsg *traffic = NLMSG_DATA(message);
  struct hook_search *search = context;
  if (message->nlmsg_type != RTM_NEWQDISC || traffic->tcm_ifindex != search->interface ||
      traffic->tcm_parent != TC_H_CLSACT)
    return 0;
  const struct rtattr *kind = netlink_find(TCA_RTA(traffic), TCA_PAYLOAD(message), TCA_KIND);
  if (kind)
    search->found = strncmp(RTA_DATA(kind), "clsact", RTA_PAYLOAD(kind)) == 0
                        ? ENDPOINT_HOOK_CLSACT
                        : ENDPOINT_HOOK_INGRESS;
  return 0;
}

int hook_read(int interface) {
  struct discipline_request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.traffic),
                 .nlmsg_type = RTM_GETQDISC,
                 .nlmsg_flags = NLM_F_DUMP},
      .traffic = {.tcm_family = AF_UNSPEC, .tcm_ifindex = interface},
  };
  struct hook_search search = {interface, ENDPOINT_HOOK_NONE};
  int result = netlink_request(&request.header, find_hook, &search);
  return result < 0 ? result : (int)search.found;
}

static int count_filter(const struct nlmsghdr *message, void *context) {
  if (message->nlmsg_type == RTM_NEWTFILTER) ++*(int *)context;
  return 0;
}

static int read_filters(int interface, __u32 parent, netlink_reader reader, void *context) {
  struct discipline_request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.traffic),
                 .nlmsg_type = RTM_GETTFILTER,
                 .nlmsg_flags = NLM_F_DUMP},
      .traffic = {.tcm_family = AF_UNSPEC, .tcm_ifindex = interface, .tcm_parent = parent},
  };
  return netlink_request(&request.header, reader, context);
}

int hook_count_filters(int interface, __u32 parent) {
  int count = 0;
  int result = read_filters(interface, parent, count_filter, &count);
  return result < 0 ? result : count;
}

struct filter_list {
  __u16 *preferences;
  int capacity, count;
  __u16 last;
};

// The kernel tells of each preference in turn, and of each filter there.
static int list_earlier(const struct nlmsghdr *message, void *context) {
  struct filter_list *list = context;
  if (message->nlmsg_type != RTM_NEWTFILTER) return 0;
  const struct tcmsg *traffic = NLMSG_DATA(message);
  __u16 preference = TC_H_MAJ(traffic->tcm_info) >> 16;
  if (preference >= FILTER_PRIORITY || preference == list->last) return 0;
  // Other chains are gone to from filters of the first.
  const struct rtattr *chain = netlink_find(TCA_RTA(traffic), TCA_PAYLOAD(message), TCA_CHAIN);
  if (chain && *(__u32 *)RTA_DATA(chain) != 0) return 0;
  list->last = preference;
  if (list->count < list->capacity) list->preferences[list->count] = preference;
  list->count++;
  return 0;
}

int endpoint_earlier_filters(int interface, __u16 *preferences, int capacity) {
  struct filter_list list = {.preferences = preferences, .capacity = capacity};
  int result = read_filters(interface, HOOK_EGRESS, list_earlier, &list);
  return result < 0 ? result : list.count;
}

int endpoint_tcx_programs(int interface) {
  enum { TCX_EGRESS = 47 };  // BPF_TCX_EGRESS, newer than this libbpf's header
  __u32 count = 0;
  // A kernel without tcx refuses to say.
  int result = bpf_prog_query(interface, TCX_EGRESS, 0, NULL, NULL, &count);
  return result == 0 ? (int)count : 0;
}
