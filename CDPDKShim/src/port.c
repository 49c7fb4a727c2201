#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_thash.h>

#include "cdpdkshim.h"

/* The key whose 16-bit period makes Toeplitz symmetric: source and destination may be swapped (Woo and
 * Park, "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling", 2012). */
static uint8_t symmetric_key[52];

static void fill_symmetric_key(void)
{
	for (size_t i = 0; i < sizeof(symmetric_key); i += 2) {
		symmetric_key[i] = 0x6d;
		symmetric_key[i + 1] = 0x5a;
	}
}

uint32_t shim_softrss(uint32_t *words, uint32_t count)
{
	fill_symmetric_key();
	return rte_softrss(words, count, symmetric_key);
}

int shim_port_attach(const char *device, uint16_t *port)
{
	struct rte_dev_iterator iterator;
	uint16_t found;
	char name[256];
	int result = rte_dev_probe(device);

	if (result < 0 && result != -EEXIST)
		return result;
	snprintf(name, sizeof(name), "%s", device);
	name[strcspn(name, ",")] = 0;
	if (rte_eth_dev_get_port_by_name(name, port) == 0)
		return 0;
	RTE_ETH_FOREACH_MATCHING_DEV (found, name, &iterator) {
		*port = found;
		rte_eth_iterator_cleanup(&iterator);
		return 0;
	}
	return -ENODEV;
}

int shim_port_info(uint16_t port, struct shim_port_info *info)
{
	struct rte_eth_dev_info device;
	struct rte_ether_addr address;
	int result = rte_eth_dev_info_get(port, &device);

	if (result < 0)
		return result;
	memset(info, 0, sizeof(*info));
	snprintf(info->driver, sizeof(info->driver), "%s", device.driver_name);
	rte_eth_dev_get_name_by_port(port, info->device);
	if (rte_eth_macaddr_get(port, &address) == 0)
		memcpy(&info->mac, address.addr_bytes, RTE_ETHER_ADDR_LEN);
	info->rss_offloads = device.flow_type_rss_offloads;
	info->max_rx_queues = device.max_rx_queues;
	info->max_tx_queues = device.max_tx_queues;
	info->reta_size = device.reta_size;
	info->socket = (int16_t)rte_eth_dev_socket_id(port);
	info->is_virtual = strcmp(rte_bus_name(rte_dev_bus(device.device)), "vdev") == 0;
	info->gives_hash = (device.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH) != 0;
	return 0;
}

/* Fills the device's redirection table as the software's: entry i names worker (i mod entries) mod W. */
static int set_redirection(uint16_t port, uint16_t size, const struct shim_port_setup *setup)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];

	if (size > RTE_ETH_RSS_RETA_SIZE_512)
		return -ENOTSUP;
	memset(table, 0, sizeof(table));
	for (uint16_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= RTE_BIT64(i % RTE_ETH_RETA_GROUP_SIZE);
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (i % setup->reta_entries) % setup->workers;
	}
	return rte_eth_dev_rss_reta_update(port, table, size);
}

static uint8_t hashes(uint64_t functions)
{
	return (functions & RTE_ETH_RSS_NONFRAG_IPV4_TCP ? SHIM_HASHES_TCP4 : 0) |
	       (functions & RTE_ETH_RSS_NONFRAG_IPV4_UDP ? SHIM_HASHES_UDP4 : 0) |
	       (functions & RTE_ETH_RSS_NONFRAG_IPV6_TCP ? SHIM_HASHES_TCP6 : 0) |
	       (functions & RTE_ETH_RSS_NONFRAG_IPV6_UDP ? SHIM_HASHES_UDP6 : 0);
}

static int set_up_queues(uint16_t port, const struct shim_port_setup *setup, const char **error_step)
{
	uint16_t rx = setup->rx_descriptors;
	uint16_t tx = setup->tx_descriptors;
	int socket = rte_eth_dev_socket_id(port);
	int result;

	*error_step = "rte_eth_dev_adjust_nb_rx_tx_desc";
	result = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx);
	*error_step = "rte_eth_rx_queue_setup";
	for (uint16_t queue = 0; result == 0 && queue < setup->rx_queues; queue++)
		result = rte_eth_rx_queue_setup(port, queue, rx, (unsigned int)socket, NULL, setup->pool);
	if (result != 0)
		return result;
	*error_step = "rte_eth_tx_queue_setup";
	for (uint16_t queue = 0; result == 0 && queue < setup->tx_queues; queue++)
		result = rte_eth_tx_queue_setup(port, queue, tx, (unsigned int)socket, NULL);
	return result;
}

int shim_port_start(uint16_t port, const struct shim_port_setup *setup, struct shim_port_result *result,
		    const char **error_step)
{
	struct rte_eth_dev_info device;
	struct rte_eth_conf configuration;
	int error;

	memset(result, 0, sizeof(*result));
	memset(&configuration, 0, sizeof(configuration));
	*error_step = "rte_eth_dev_info_get";
	error = rte_eth_dev_info_get(port, &device);
	if (error < 0)
		return error;
	if (setup->reta_entries && setup->rx_queues > 1) {
		fill_symmetric_key();
		configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		configuration.rx_adv_conf.rss_conf.rss_key = symmetric_key;
		configuration.rx_adv_conf.rss_conf.rss_key_len =
			device.hash_key_size ? RTE_MIN(device.hash_key_size, sizeof(symmetric_key)) : 40;
		configuration.rx_adv_conf.rss_conf.rss_hf =
			(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
			 RTE_ETH_RSS_NONFRAG_IPV6_UDP) &
			device.flow_type_rss_offloads;
	}
	if (setup->mtu > RTE_ETHER_MTU)
		configuration.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER & device.rx_offload_capa;
	configuration.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & device.tx_offload_capa;
	*error_step = "rte_eth_dev_configure";
	error = rte_eth_dev_configure(port, setup->rx_queues, setup->tx_queues, &configuration);
	if (error < 0)
		return error;
	result->mtu_set = rte_eth_dev_set_mtu(port, setup->mtu) == 0;
	error = set_up_queues(port, setup, error_step);
	if (error < 0)
		return error;
	*error_step = "rte_eth_dev_start";
	error = rte_eth_dev_start(port);
	if (error < 0)
		return error;
	if (setup->mac) {
		struct rte_ether_addr address;

		memcpy(address.addr_bytes, &setup->mac, RTE_ETHER_ADDR_LEN);
		result->mac_refused = rte_eth_dev_default_mac_addr_set(port, &address) != 0;
		if (result->mac_refused)
			(void)rte_eth_promiscuous_enable(port);
	}
	result->promiscuous = rte_eth_promiscuous_get(port) == 1;
	if (configuration.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS && device.reta_size)
		result->rss = set_redirection(port, device.reta_size, setup) == 0;
	if (result->rss)
		result->hashes = hashes(configuration.rx_adv_conf.rss_conf.rss_hf);
	return 0;
}

int shim_port_link_state(uint16_t port, struct shim_port_link *link)
{
	struct rte_eth_link state;
	int result = rte_eth_link_get_nowait(port, &state);

	if (result < 0)
		return result;
	link->up = state.link_status == RTE_ETH_LINK_UP;
	link->speed = state.link_speed;
	return 0;
}

void shim_port_stop(uint16_t port)
{
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
}

int shim_port_statistics(uint16_t port, struct rte_eth_stats *statistics)
{
	return rte_eth_stats_get(port, statistics);
}
