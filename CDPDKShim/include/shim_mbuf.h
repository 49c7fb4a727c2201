/* Packet buffers, prefetching, bursts and rings: what the packet path calls. */
#ifndef SHIM_MBUF_H
#define SHIM_MBUF_H

static inline __attribute__((always_inline)) void *shim_mbuf_data(const struct rte_mbuf *m)
{
	return (char *)m->buf_addr + m->data_off;
}

static inline __attribute__((always_inline)) uint16_t shim_mbuf_data_length(const struct rte_mbuf *m)
{
	return m->data_len;
}

static inline __attribute__((always_inline)) uint32_t shim_mbuf_packet_length(const struct rte_mbuf *m)
{
	return m->pkt_len;
}

static inline __attribute__((always_inline)) uint16_t shim_mbuf_segments(const struct rte_mbuf *m)
{
	return m->nb_segs;
}

static inline __attribute__((always_inline)) uint16_t shim_mbuf_headroom(const struct rte_mbuf *m)
{
	return m->data_off;
}

/* Whether a packet lies in one buffer, by all that its lengths say. */
static inline __attribute__((always_inline)) bool shim_mbuf_is_plain(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && m->pkt_len == m->data_len;
}

/* Whether 16 bytes agree with a pattern in the bits of a mask. */
static inline __attribute__((always_inline)) bool shim_matches16(const void *bytes, const void *pattern,
								 const void *mask)
{
	__m128i difference = _mm_xor_si128(_mm_loadu_si128(bytes), _mm_load_si128(pattern));

	return _mm_testz_si128(difference, _mm_load_si128(mask));
}

/* Moves the start of the data by `bytes`: forwards when positive, into the headroom when negative.
 * The caller has checked that there is as much. */
static inline __attribute__((always_inline)) void shim_mbuf_move_start(struct rte_mbuf *m, int32_t bytes)
{
	m->data_off = (uint16_t)(m->data_off + bytes);
	m->data_len = (uint16_t)(m->data_len - bytes);
	m->pkt_len = (uint32_t)((int32_t)m->pkt_len - bytes);
}

/* Sets the length of a buffer of one segment. */
static inline __attribute__((always_inline)) void shim_mbuf_set_length(struct rte_mbuf *m, uint16_t length)
{
	m->data_len = length;
	m->pkt_len = length;
}

/* The port by its index in the configuration, carried along a hand-over. */
static inline __attribute__((always_inline)) uint16_t shim_mbuf_port(const struct rte_mbuf *m)
{
	return m->port;
}

static inline __attribute__((always_inline)) void shim_mbuf_set_port(struct rte_mbuf *m, uint16_t port)
{
	m->port = port;
}

/* What a hand-over says beside the frame, in the eight bytes that hold the NIC's hash. */
static inline __attribute__((always_inline)) uint64_t shim_mbuf_note(const struct rte_mbuf *m)
{
	return (uint64_t)m->hash.fdir.hi << 32 | m->hash.fdir.lo;
}

static inline __attribute__((always_inline)) void shim_mbuf_set_note(struct rte_mbuf *m, uint64_t note)
{
	m->hash.fdir.lo = (uint32_t)note;
	m->hash.fdir.hi = (uint32_t)(note >> 32);
}

static inline __attribute__((always_inline)) void shim_prefetch(const void *address)
{
	__builtin_prefetch(address, 0, 3);
}

static inline __attribute__((always_inline)) void shim_prefetch_write(const void *address)
{
	__builtin_prefetch(address, 1, 3);
}

static inline __attribute__((always_inline)) uint16_t shim_rx_burst(uint16_t port, uint16_t queue,
								    struct rte_mbuf **burst, uint16_t count)
{
	return rte_eth_rx_burst(port, queue, burst, count);
}

static inline __attribute__((always_inline)) uint16_t shim_tx_burst(uint16_t port, uint16_t queue,
								    struct rte_mbuf **burst, uint16_t count)
{
	return rte_eth_tx_burst(port, queue, burst, count);
}

static inline __attribute__((always_inline)) unsigned int shim_ring_enqueue(struct rte_ring *ring,
									    struct rte_mbuf **burst, unsigned int count)
{
	return rte_ring_sp_enqueue_burst(ring, (void *const *)burst, count, NULL);
}

static inline __attribute__((always_inline)) unsigned int shim_ring_dequeue(struct rte_ring *ring,
									    struct rte_mbuf **burst, unsigned int count)
{
	return rte_ring_sc_dequeue_burst(ring, (void **)burst, count, NULL);
}

/* One packet onto a ring of one producer, which has asked before whether it is full. */
static inline __attribute__((always_inline)) bool shim_ring_is_full(const struct rte_ring *ring)
{
	return rte_ring_full(ring);
}

static inline __attribute__((always_inline)) bool shim_ring_is_half_full(const struct rte_ring *ring)
{
	return rte_ring_count(ring) >= rte_ring_get_capacity(ring) / 2;
}

static inline __attribute__((always_inline)) void shim_ring_put(struct rte_ring *ring, struct rte_mbuf *m)
{
	(void)rte_ring_sp_enqueue(ring, m);
}

/* A word through a ring of pointers: the manager's orders to a worker. */
static inline int shim_ring_send_word(struct rte_ring *ring, uint64_t word)
{
	return rte_ring_sp_enqueue(ring, (void *)(uintptr_t)word);
}

static inline __attribute__((always_inline)) uint64_t shim_ring_receive_word(struct rte_ring *ring)
{
	void *word;

	if (__builtin_expect(rte_ring_empty(ring), 1) || rte_ring_sc_dequeue(ring, &word) != 0)
		return 0;
	return (uint64_t)(uintptr_t)word;
}

static inline __attribute__((always_inline)) uint64_t shim_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

static inline __attribute__((always_inline)) void shim_pause(void)
{
	_mm_pause();
}

/* A counter of another thread, read whole. */
static inline __attribute__((always_inline)) uint64_t shim_read64(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline __attribute__((always_inline)) uint32_t shim_read32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline __attribute__((always_inline)) uint64_t shim_load_acquire(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline __attribute__((always_inline)) void shim_store_release(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline __attribute__((always_inline)) uint32_t shim_load_acquire32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline __attribute__((always_inline)) void shim_store_release32(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline __attribute__((always_inline)) void shim_fence_release(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline __attribute__((always_inline)) void shim_fence_acquire(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* Whether a chain's segments add up to its packet length. */
bool shim_mbuf_chain_is_whole(const struct rte_mbuf *m);

/* The Internet checksum's sum over `length` bytes from `offset` on, as a number and not complemented, chains
 * included (rte_raw_cksum). False when the packet has not as many. */
bool shim_mbuf_sum(const struct rte_mbuf *m, uint32_t offset, uint32_t length, uint16_t *sum);

/* Cuts a chain down to its first segment of at most `length` bytes; what follows is freed. */
void shim_mbuf_truncate(struct rte_mbuf *m, uint16_t length);

/* Frees `count` packets, chains included (rte_pktmbuf_free_bulk). */
void shim_mbuf_free_bulk(struct rte_mbuf **burst, unsigned int count);

/* Splits the IPv4 packet at the start of `m` into fragments of at most `mtu` bytes, header checksums set
 * (rte_ip_frag, RFC 791 3.2): of one segment by copying, of several by reference. Buffers come from the
 * same pool. Returns their number, or a negative errno. `m` stays the caller's. */
int shim_fragment_ipv4(struct rte_mbuf *m, struct rte_mbuf **fragments, uint16_t room, uint16_t mtu);

/* Writes a packet's bytes as one frame to a file descriptor. Returns 0 or an errno. */
int shim_mbuf_write(const struct rte_mbuf *m, int descriptor);

/* A packet with a copy of an Ethernet frame of at least 14 bytes, as many buffers as that takes, with the
 * 802.1Q id of `vlan` unless that is 0. NULL when the pool has not as many. */
struct rte_mbuf *shim_mbuf_from_frame(struct rte_mempool *pool, const void *frame, uint16_t length, uint16_t vlan);

/* A buffer with a copy of `length` bytes, for tests. NULL when the pool is empty. */
struct rte_mbuf *shim_mbuf_from_bytes(struct rte_mempool *pool, const void *bytes, uint16_t length);

/* A two-segment buffer, the first one with `first` of the `length` bytes, for tests. */
struct rte_mbuf *shim_mbuf_chain_from_bytes(struct rte_mempool *pool, const void *bytes, uint16_t length,
					    uint16_t first);

#endif
