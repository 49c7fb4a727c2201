// The C library's header comes first: the kernel's then leaves out what both have.
#include <net/if.h>

#include "netlink.h"
#include "endpoint_link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/mount.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct link_request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char attributes[64];
};

static int read_link(const struct nlmsghdr *message, void *context) {
  struct endpoint_link *link = context;
  if (message->nlmsg_type != RTM_NEWLINK) return 0;
  const struct ifinfomsg *info = NLMSG_DATA(message);
  link->interface = info->ifi_index;
  link->is_ethernet = info->ifi_type == ARPHRD_ETHER;
  int left = IFLA_PAYLOAD(message);
  for (struct rtattr *attribute = IFLA_RTA(info); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    size_t length = RTA_PAYLOAD(attribute);
    void *target = NULL;
    switch (attribute->rta_type) {
    case IFLA_ADDRESS:
      if (length == 6) memcpy(&link->mac, RTA_DATA(attribute), 6);
      continue;
    case IFLA_MTU: target = &link->mtu; break;
    case IFLA_GSO_MAX_SEGS: target = &link->gso_max_segments; break;
    default: continue;
    }
    if (length == sizeof(__u32)) memcpy(target, RTA_DATA(attribute), sizeof(__u32));
  }
  return 0;
}

int endpoint_link_read(const char *device, struct endpoint_link *link) {
  memset(link, 0, sizeof *link);
  int interface = if_nametoindex(device);
  if (interface == 0) return -ENODEV;
  struct link_request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.link), .nlmsg_type = RTM_GETLINK},
      .link = {.ifi_family = AF_UNSPEC, .ifi_index = interface},
  };
  return netlink_request(&request.header, read_link, link);
}

int endpoint_link_set_gso_max_segments(int interface, __u32 segments) {
  struct link_request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.link),
                 .nlmsg_type = RTM_NEWLINK,
                 .nlmsg_flags = NLM_F_ACK},
      .link = {.ifi_family = AF_UNSPEC, .ifi_index = interface},
  };
  netlink_add(&request.header, IFLA_GSO_MAX_SEGS, &segments, sizeof segments);
  return netlink_request(&request.header, NULL, NULL);
}

static int ethtool(const char *device, void *command) {
  struct ifreq request = {.ifr_data = command};
  if (strlen(device) >= sizeof request.ifr_name) return -ENODEV;
  strcpy(request.ifr_name, device);
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int result = ioctl(descriptor, SIOCETHTOOL, &request) < 0 ? -errno : 0;
  close(descriptor);
  return result;
}

// The names of all features, in the order of their bits; the caller frees them.
static int read_names(const char *device, struct ethtool_gstrings **names) {
  struct ethtool_sset_info *sets = calloc(1, sizeof *sets + sizeof sets->data[0]);
  if (!sets) return -ENOMEM;
  sets->cmd = ETHTOOL_GSSET_INFO;
  sets->sset_mask = 1ull << ETH_SS_FEATURES;
  int result = ethtool(device, sets);
  __u32 count = sets->sset_mask ? sets->data[0] : 0;
  free(sets);
  if (result) return result;
  if (count == 0) return -EOPNOTSUPP;
  *names = calloc(1, sizeof **names + (size_t)count * ETH_GSTRING_LEN);
  if (!*names) return -ENOMEM;
  (*names)->cmd = ETHTOOL_GSTRINGS;
  (*names)->string_set = ETH_SS_FEATURES;
  (*names)->len = count;
  result = ethtool(device, *names);
  if (result) free(*names);
  return result;
}

// The feature's bit; `count` becomes the number of all.
static int find_feature(const char *device, const char *feature, __u32 *count) {
  struct ethtool_gstrings *names;
  int result = read_names(device, &names);
  if (result) return result;
  *count = names->len;
  result = -ENOENT;
  for (__u32 bit = 0; bit < names->len; bit++) {
    const char *name = (const char *)names->data + (size_t)bit * ETH_GSTRING_LEN;
    if (strncmp(name, feature, ETH_GSTRING_LEN) == 0) {
      result = bit;
      break;
    }
  }
  free(names);
  return result;
}

int endpoint_feature_read(const char *device, const char *name, struct endpoint_feature *feature) {
  __u32 count;
  int bit = find_feature(device, name, &count);
  if (bit < 0) return bit;
  size_t blocks = (count + 31) / 32;
  struct ethtool_gfeatures *features =
      calloc(1, sizeof *features + blocks * sizeof features->features[0]);
  if (!features) return -ENOMEM;
  features->cmd = ETHTOOL_GFEATURES;
  features->size = blocks;
  int result = ethtool(device, features);
  if (result == 0) {
    const struct ethtool_get_features_block *block = &features->features[bit / 32];
    __u32 mask = 1u << bit % 32;
    feature->is_changeable = block->available & mask && !(block->never_changed & mask);
    feature->is_requested = (block->requested & mask) != 0;
    feature->is_active = (block->active & mask) != 0;
  }
  free(features);
  return result;
}

int endpoint_feature_set(const char *device, const char *feature, int on) {
  __u32 count;
  int bit = find_feature(device, feature, &count);
  if (bit < 0) return bit;
  size_t blocks = (count + 31) / 32;
  struct ethtool_sfeatures *features =
      calloc(1, sizeof *features + blocks * sizeof features->features[0]);
  if (!features) return -ENOMEM;
  features->cmd = ETHTOOL_SFEATURES;
  features->size = blocks;
  features->features[bit / 32].valid = 1u << bit % 32;
  features->features[bit / 32].requested = on ? 1u << bit % 32 : 0;
  int result = ethtool(device, features);
  free(features);
  return result;
}

int endpoint_sysfs_open(void) {
  // Not by the C library's names for them, which older ones do not have.
  int context = syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int result = syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
  if (result == 0) result = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
  if (result < 0) result = -errno;
  close(context);
  return result;
}

int endpoint_network_namespace(__u64 *number) {
#ifdef SO_NETNS_COOKIE
  enum { COOKIE = SO_NETNS_COOKIE };
#else
  enum { COOKIE = 71 };  // asm-generic/socket.h, newer than this C library
#endif
  socklen_t length = sizeof *number;
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int result = getsockopt(descriptor, SOL_SOCKET, COOKIE, number, &length) ? -errno : 0;
  close(descriptor);
  return result;
}
