/* rte_ipv4_fragment_copy_nonseg_packet: unchanged since DPDK 21.05, and still called experimental. */
#define ALLOW_EXPERIMENTAL_API

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include <rte_ip.h>
#include <rte_ip_frag.h>

#include "cdpdkshim.h"

bool shim_mbuf_chain_is_whole(const struct rte_mbuf *m)
{
	uint32_t left = m->pkt_len;
	uint16_t segments = m->nb_segs;

	for (; m && segments; m = m->next, segments--) {
		if (m->data_len == 0 || m->data_len > left)
			return false;
		left -= m->data_len;
	}
	return !m && segments == 0 && left == 0;
}

/* Not rte_raw_cksum_mbuf, which loses carries of a segment that begins at an odd place (DPDK 22.11). */
bool shim_mbuf_sum(const struct rte_mbuf *m, uint32_t offset, uint32_t length, uint16_t *sum)
{
	uint32_t total = 0;
	uint32_t done = 0;

	if (offset > m->pkt_len || length > m->pkt_len - offset)
		return false;
	for (; m && done < length; m = m->next) {
		uint32_t count = RTE_MIN(m->data_len - RTE_MIN(offset, (uint32_t)m->data_len), length - done);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, offset), count);

		total += done & 1 ? rte_bswap16(part) : part;
		done += count;
		offset -= RTE_MIN(offset, (uint32_t)m->data_len);
	}
	total = (total & 0xffff) + (total >> 16);
	*sum = rte_be_to_cpu_16((uint16_t)((total & 0xffff) + (total >> 16)));
	return done == length;
}

void shim_mbuf_truncate(struct rte_mbuf *m, uint16_t length)
{
	if (m->next) {
		rte_pktmbuf_free(m->next);
		m->next = NULL;
		m->nb_segs = 1;
	}
	if (m->data_len > length)
		m->data_len = length;
	m->pkt_len = m->data_len;
}

void shim_mbuf_free_bulk(struct rte_mbuf **burst, unsigned int count)
{
	rte_pktmbuf_free_bulk(burst, count);
}

int shim_fragment_ipv4(struct rte_mbuf *m, struct rte_mbuf **fragments, uint16_t room, uint16_t mtu)
{
	int count = m->nb_segs == 1 ? rte_ipv4_fragment_copy_nonseg_packet(m, fragments, room, mtu, m->pool)
				    : rte_ipv4_fragment_packet(m, fragments, room, mtu, m->pool, m->pool);

	for (int i = 0; i < count; i++) {
		struct rte_ipv4_hdr *header = rte_pktmbuf_mtod(fragments[i], struct rte_ipv4_hdr *);

		/* rte_ipv4_cksum, but options included. */
		header->hdr_checksum = 0;
		header->hdr_checksum = (uint16_t)~rte_raw_cksum(header, rte_ipv4_hdr_len(header));
	}
	return count;
}

struct rte_mbuf *shim_mbuf_from_bytes(struct rte_mempool *pool, const void *bytes, uint16_t length)
{
	return shim_mbuf_chain_from_bytes(pool, bytes, length, length);
}

struct rte_mbuf *shim_mbuf_chain_from_bytes(struct rte_mempool *pool, const void *bytes, uint16_t length,
					    uint16_t first)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (!m)
		return NULL;
	memcpy(rte_pktmbuf_append(m, first), bytes, first);
	if (first < length) {
		struct rte_mbuf *second = rte_pktmbuf_alloc(pool);

		if (!second) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		memcpy(rte_pktmbuf_append(second, length - first), (const char *)bytes + first, length - first);
		rte_pktmbuf_chain(m, second);
	}
	return m;
}

int shim_mbuf_write(const struct rte_mbuf *m, int descriptor)
{
	struct iovec parts[64];
	int count = 0;
	ssize_t written;

	for (; m && count < 64; m = m->next)
		parts[count++] = (struct iovec){rte_pktmbuf_mtod(m, void *), m->data_len};
	if (m)
		return EMSGSIZE;
	do
		written = writev(descriptor, parts, count);
	while (written < 0 && errno == EINTR);
	return written < 0 ? errno : 0;
}

struct rte_mbuf *shim_mbuf_from_frame(struct rte_mempool *pool, const void *frame, uint16_t length, uint16_t vlan)
{
	const uint16_t tag[2] = {rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(vlan)};
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool);
	struct rte_mbuf *tail = head;
	const char *rest = frame;

	if (!head)
		return NULL;
	memcpy(rte_pktmbuf_append(head, 2 * RTE_ETHER_ADDR_LEN), rest, 2 * RTE_ETHER_ADDR_LEN);
	rest += 2 * RTE_ETHER_ADDR_LEN;
	length -= 2 * RTE_ETHER_ADDR_LEN;
	if (vlan)
		memcpy(rte_pktmbuf_append(head, sizeof(tag)), tag, sizeof(tag));
	while (length > 0) {
		uint16_t room = rte_pktmbuf_tailroom(tail);
		uint16_t part = RTE_MIN(length, room);

		if (part > 0) {
			memcpy(rte_pktmbuf_append(head, part), rest, part);
			rest += part;
			length -= part;
			continue;
		}
		tail = rte_pktmbuf_alloc(pool);
		if (!tail || rte_pktmbuf_chain(head, tail) != 0) {
			rte_pktmbuf_free(tail);
			rte_pktmbuf_free(head);
			return NULL;
		}
	}
	return head;
}
