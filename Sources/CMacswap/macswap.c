#include <rte_config.h>

#include <immintrin.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "macswap.h"

#define BURST 32

static inline void swap_addresses(struct rte_mbuf *m)
{
	const __m128i order = _mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
	__m128i *header = rte_pktmbuf_mtod(m, __m128i *);

	_mm_storeu_si128(header, _mm_shuffle_epi8(_mm_loadu_si128(header), order));
	/* testpmd writes these two for its transmit offloads. */
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = sizeof(struct rte_ether_hdr);
}

static inline uint64_t forward(uint16_t from, uint16_t to)
{
	struct rte_mbuf *burst[BURST];
	uint16_t count = rte_eth_rx_burst(from, 0, burst, BURST);
	uint16_t sent;

	if (count == 0)
		return 0;
	for (uint16_t i = 0; i < count; i++) {
		if (i + 1 < count)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 1], void *));
		swap_addresses(burst[i]);
	}
	sent = rte_eth_tx_burst(to, 0, burst, count);
	if (sent < count)
		rte_pktmbuf_free_bulk(burst + sent, (unsigned int)(count - sent));
	return count;
}

uint64_t macswap_run(uint16_t first, uint16_t second, uint64_t turns)
{
	uint64_t received = 0;

	for (; turns; turns--) {
		received += forward(first, second);
		if (first != second)
			received += forward(second, first);
	}
	return received;
}
