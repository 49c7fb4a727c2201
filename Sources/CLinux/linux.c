#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
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
