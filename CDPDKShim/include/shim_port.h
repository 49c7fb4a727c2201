/* Ports: any DPDK device string, with what the device has and without what it lacks. */
#ifndef SHIM_PORT_H
#define SHIM_PORT_H

#define SHIM_NAME_LENGTH 64

struct shim_port_info {
	char device[SHIM_NAME_LENGTH];
	char driver[SHIM_NAME_LENGTH];
	uint64_t mac;
	uint64_t rss_offloads;
	uint16_t max_rx_queues;
	uint16_t max_tx_queues;
	uint16_t reta_size;
	int16_t socket;
	/* On DPDK's bus of virtual devices, none of which filters or hashes by itself. */
	bool is_virtual;
	/* RTE_ETH_RX_OFFLOAD_RSS_HASH: hands its hash over with a packet. */
	bool gives_hash;
};

struct shim_port_setup {
	struct rte_mempool *pool;
	uint16_t rx_queues;
	uint16_t tx_queues;
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
	uint16_t mtu;
	/* 0: leave the device's own. */
	uint64_t mac;
	/* Entries of the redirection table that all ports share; 0: no RSS. */
	uint16_t reta_entries;
	uint16_t workers;
};

struct shim_port_result {
	bool rss;
	/* What of TCP and UDP the device hashes (SHIM_HASHES_*). */
	uint8_t hashes;
	bool mac_refused;
	bool mtu_set;
	bool promiscuous;
};

#define SHIM_HASHES_TCP4 1
#define SHIM_HASHES_UDP4 2
#define SHIM_HASHES_TCP6 4
#define SHIM_HASHES_UDP6 8

/* Mbit/s; UINT32_MAX where the device does not know. */
struct shim_port_link {
	bool up;
	uint32_t speed;
};

/* Attaches a PCI address or virtual device with its arguments (rte_dev_probe) and finds its port.
 * Returns 0 or a negative errno. */
int shim_port_attach(const char *device, uint16_t *port);
int shim_port_info(uint16_t port, struct shim_port_info *info);
/* Configures, sets up every queue and starts. `error_step` names the DPDK call that failed. */
int shim_port_start(uint16_t port, const struct shim_port_setup *setup, struct shim_port_result *result,
		    const char **error_step);
void shim_port_stop(uint16_t port);
/* rte_eth_link_get_nowait. Returns 0 or a negative errno. */
int shim_port_link_state(uint16_t port, struct shim_port_link *link);
int shim_port_statistics(uint16_t port, struct rte_eth_stats *statistics);

/* Toeplitz hash of `words` 32-bit words in host order with the symmetric key (rte_softrss), for tests. */
uint32_t shim_softrss(uint32_t *words, uint32_t count);

#endif
