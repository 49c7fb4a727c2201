// A device's own settings: ethtool's features (ioctl SIOCETHTOOL) and rtnetlink's link attributes.
// Everything that can fail returns a negative errno.
#pragma once

#include <linux/types.h>

struct endpoint_link {
  int interface;
  __u64 mac;             // in the low six bytes, as loaded from the wire
  __u32 mtu;             // bytes of IP packet
  __u32 gso_max_segments;
  __u8 is_ethernet;
};

/// -ENODEV: there is no such device.
int endpoint_link_read(const char *device, struct endpoint_link *link);
int endpoint_link_set_gso_max_segments(int interface, __u32 segments);

/// What `ethtool -k` says of a feature.
struct endpoint_feature {
  __u8 is_changeable;  // else [fixed]
  __u8 is_requested, is_active;
};

/// -ENOENT if the kernel knows no such feature.
int endpoint_feature_read(const char *device, const char *name, struct endpoint_feature *feature);
int endpoint_feature_set(const char *device, const char *feature, int on);

/// A descriptor of a sysfs of this network namespace, whichever is mounted at /sys.
int endpoint_sysfs_open(void);

/// The network namespace's own number (SO_NETNS_COOKIE), never given twice; 1 is the first one.
/// -ENOPROTOOPT: the kernel, older than Linux 5.14, does not tell.
int endpoint_network_namespace(__u64 *number);
