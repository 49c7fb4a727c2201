#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clinux.h"

static int closed(int descriptor, int error)
{
	close(descriptor);
	return -error;
}

int linux_tap_open(const char *name)
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};
	int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (descriptor < 0)
		return -errno;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(descriptor, TUNSETIFF, &request) < 0)
		return closed(descriptor, errno);
	return descriptor;
}

int linux_rtnetlink_open(uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int room = 4 << 20;

	if (descriptor < 0)
		return -errno;
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0)
		return closed(descriptor, errno);
	if (groups)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return descriptor;
}

/* One number that the driver tells; 0 where it knows no such thing. */
static int ethtool_value(int descriptor, const char *device, uint32_t command, uint32_t *value)
{
	struct ethtool_value answer = {.cmd = command};
	struct ifreq request = {.ifr_data = (void *)&answer};

	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	if (ioctl(descriptor, SIOCETHTOOL, &request) < 0) {
		*value = 0;
		return errno == EOPNOTSUPP ? 0 : -errno;
	}
	*value = answer.data;
	return 0;
}

int linux_offloads(const char *device)
{
	uint32_t gro, flags, tso;
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result;

	if (descriptor < 0)
		return -errno;
	result = ethtool_value(descriptor, device, ETHTOOL_GGRO, &gro);
	if (result == 0)
		result = ethtool_value(descriptor, device, ETHTOOL_GFLAGS, &flags);
	if (result == 0)
		result = ethtool_value(descriptor, device, ETHTOOL_GTSO, &tso);
	close(descriptor);
	if (result < 0)
		return result;
	return (gro ? LINUX_OFFLOAD_GRO : 0) | (flags & ETH_FLAG_LRO ? LINUX_OFFLOAD_LRO : 0) |
	       (tso ? LINUX_OFFLOAD_TSO : 0);
}

int linux_network_unshare(void)
{
	return unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
}
