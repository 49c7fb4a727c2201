#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <rte_malloc.h>

#include "cdpdkshim.h"

#define POPULATED_AT_ONCE ((uint64_t)1 << 18)
/* Of `captured`, in a header that only fills the room up to the buffer's end. */
#define FILLER UINT32_MAX

/* Before each packet in a buffer. Packets take whole multiples of its size, so that there is room for one
 * before the end of the buffer, or none at all. */
struct header {
	uint64_t cycles;
	uint32_t captured;
	uint32_t length;
	uint16_t interface;
	bool outbound;
	char unused[13];
};

_Static_assert(sizeof(struct header) == 32, "headers are 32 bytes");

struct shim_capture_buffer {
	/* The worker's. `head` counts the bytes that were ever put and are the reader's; the worker alone knows of those
	 * up to `filled`. */
	uint64_t head __rte_cache_aligned;
	uint64_t filled;
	uint64_t known_tail;
	/* The reader's: the bytes that were ever taken. */
	uint64_t tail __rte_cache_aligned;
	uint64_t known_head;
	/* Nobody's to change. */
	unsigned char *bytes __rte_cache_aligned;
	uint64_t size;
};

struct shim_tap {
	struct shim_tap_setup setup;
	struct shim_tap_counts counts;
	const struct rte_eth_rxtx_callback *callback;
	/* Where a packet of several segments is put together for the filter. */
	unsigned char *scratch;
} __rte_cache_aligned;

static void *allocate_zeroed(size_t bytes)
{
	void *memory;

	if (posix_memalign(&memory, RTE_CACHE_LINE_SIZE, bytes) != 0)
		return NULL;
	return memset(memory, 0, bytes);
}

struct shim_capture_buffer *shim_capture_buffer_create(unsigned int order)
{
	struct shim_capture_buffer *buffer = allocate_zeroed(sizeof(*buffer));
	void *bytes;

	if (!buffer)
		return NULL;
	buffer->size = (uint64_t)1 << order;
	bytes = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED) {
		free(buffer);
		return NULL;
	}
	buffer->bytes = bytes;
	return buffer;
}

void shim_capture_buffer_populate(struct shim_capture_buffer *buffer)
{
#ifdef MADV_POPULATE_WRITE
	/* In steps, since other threads cannot map memory for as long as one takes. */
	for (uint64_t done = 0; done < buffer->size; done += POPULATED_AT_ONCE)
		(void)madvise(buffer->bytes + done, POPULATED_AT_ONCE, MADV_POPULATE_WRITE);
#else
	RTE_SET_USED(buffer);
#endif
}

void shim_capture_buffer_free(struct shim_capture_buffer *buffer)
{
	if (!buffer)
		return;
	munmap(buffer->bytes, buffer->size);
	free(buffer);
}

static size_t room_taken(uint32_t captured)
{
	return RTE_ALIGN_CEIL(sizeof(struct header) + (size_t)captured, sizeof(struct header));
}

/* Room for a packet behind those that are there; NULL when there is none. */
static struct header *reserve(struct shim_capture_buffer *buffer, uint32_t captured)
{
	size_t wanted = room_taken(captured);
	uint64_t place = buffer->filled & (buffer->size - 1);
	size_t filler = buffer->size - place < wanted ? buffer->size - place : 0;

	if (buffer->filled - buffer->known_tail + filler + wanted > buffer->size) {
		buffer->known_tail = __atomic_load_n(&buffer->tail, __ATOMIC_ACQUIRE);
		if (buffer->filled - buffer->known_tail + filler + wanted > buffer->size)
			return NULL;
	}
	if (filler) {
		((struct header *)(void *)(buffer->bytes + place))->captured = FILLER;
		buffer->filled += filler;
		place = 0;
	}
	buffer->filled += wanted;
	return (struct header *)(void *)(buffer->bytes + place);
}

bool shim_capture_buffer_peek(struct shim_capture_buffer *buffer, struct shim_captured_packet *packet)
{
	const struct header *header;

	for (;;) {
		uint64_t place = buffer->tail & (buffer->size - 1);

		if (buffer->tail == buffer->known_head) {
			buffer->known_head = __atomic_load_n(&buffer->head, __ATOMIC_ACQUIRE);
			if (buffer->tail == buffer->known_head)
				return false;
		}
		header = (const struct header *)(const void *)(buffer->bytes + place);
		if (header->captured != FILLER)
			break;
		__atomic_store_n(&buffer->tail, buffer->tail + buffer->size - place, __ATOMIC_RELEASE);
	}
	packet->cycles = header->cycles;
	packet->bytes = header + 1;
	packet->captured = header->captured;
	packet->length = header->length;
	packet->interface = header->interface;
	packet->outbound = header->outbound;
	return true;
}

void shim_capture_buffer_drop(struct shim_capture_buffer *buffer)
{
	const struct header *header =
		(const struct header *)(const void *)(buffer->bytes + (buffer->tail & (buffer->size - 1)));

	__atomic_store_n(&buffer->tail, buffer->tail + room_taken(header->captured), __ATOMIC_RELEASE);
}

struct shim_tap *shim_tap_create(const struct shim_tap_setup *setup)
{
	struct shim_tap *tap = allocate_zeroed(sizeof(*tap));

	if (!tap)
		return NULL;
	tap->setup = *setup;
	tap->setup.snap_length = RTE_MIN(setup->snap_length, (uint32_t)SHIM_CAPTURE_LONGEST);
	if (setup->filter) {
		tap->scratch = malloc(SHIM_CAPTURE_LONGEST);
		if (!tap->scratch) {
			free(tap);
			return NULL;
		}
	}
	return tap;
}

/* How many bytes a packet's segments have, up to a limit. */
static uint32_t bytes_there(const struct rte_mbuf *m, uint32_t limit)
{
	uint32_t sum = 0;

	for (; m && sum < limit; m = m->next)
		sum += RTE_MIN((uint32_t)m->data_len, limit - sum);
	return sum;
}

/* Copies a packet's first bytes, of which its segments have as many. */
static void copy(const struct rte_mbuf *m, unsigned char *target, uint32_t bytes)
{
	for (; bytes > 0; m = m->next) {
		uint32_t part = RTE_MIN((uint32_t)m->data_len, bytes);

		memcpy(target, rte_pktmbuf_mtod(m, const void *), part);
		target += part;
		bytes -= part;
	}
}

static bool is_wanted(const struct shim_tap *tap, const struct rte_mbuf *m)
{
	const void *bytes = rte_pktmbuf_mtod(m, const void *);
	uint32_t available = m->data_len;

	if (!tap->setup.filter)
		return true;
	if (m->next) {
		available = bytes_there(m, RTE_MIN(m->pkt_len, (uint32_t)SHIM_CAPTURE_LONGEST));
		copy(m, tap->scratch, available);
		bytes = tap->scratch;
	}
	return shim_filter_matches(tap->setup.filter, bytes, m->pkt_len, available);
}

/* Counters have one writer, and readers on other threads. */
static void count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static void take(struct shim_tap *tap, const struct rte_mbuf *m, uint64_t cycles)
{
	uint32_t captured = bytes_there(m, RTE_MIN(m->pkt_len, tap->setup.snap_length));
	struct header *header = reserve(tap->setup.buffer, captured);

	if (!header) {
		count(&tap->counts.lost);
		return;
	}
	header->cycles = cycles;
	header->captured = captured;
	header->length = m->pkt_len;
	header->interface = tap->setup.interface;
	header->outbound = tap->setup.outbound;
	copy(m, (unsigned char *)(header + 1), captured);
}

void shim_tap_burst(struct shim_tap *tap, struct rte_mbuf **burst, uint16_t burst_count)
{
	struct shim_capture_buffer *buffer = tap->setup.buffer;
	uint64_t cycles;

	if (burst_count == 0 || __atomic_load_n(tap->setup.closed, __ATOMIC_RELAXED))
		return;
	cycles = rte_rdtsc();
	for (uint16_t i = 0; i < burst_count; i++) {
		count(&tap->counts.seen);
		if (is_wanted(tap, burst[i]))
			take(tap, burst[i], cycles);
		else
			count(&tap->counts.filtered);
	}
	__atomic_store_n(&buffer->head, buffer->filled, __ATOMIC_RELEASE);
}

static uint16_t received(uint16_t port, uint16_t queue, struct rte_mbuf *burst[], uint16_t burst_count,
			 uint16_t room, void *tap)
{
	RTE_SET_USED(port);
	RTE_SET_USED(queue);
	RTE_SET_USED(room);
	shim_tap_burst(tap, burst, burst_count);
	return burst_count;
}

static uint16_t sending(uint16_t port, uint16_t queue, struct rte_mbuf *burst[], uint16_t burst_count,
			void *tap)
{
	RTE_SET_USED(port);
	RTE_SET_USED(queue);
	shim_tap_burst(tap, burst, burst_count);
	return burst_count;
}

int shim_tap_attach(struct shim_tap *tap)
{
	const struct shim_tap_setup *setup = &tap->setup;

	tap->callback = setup->outbound
				? rte_eth_add_tx_callback(setup->port, setup->queue, sending, tap)
				: rte_eth_add_rx_callback(setup->port, setup->queue, received, tap);
	return tap->callback ? 0 : -rte_errno;
}

void shim_tap_detach(struct shim_tap *tap)
{
	const struct shim_tap_setup *setup = &tap->setup;

	if (!tap->callback)
		return;
	if (setup->outbound)
		rte_eth_remove_tx_callback(setup->port, setup->queue, tap->callback);
	else
		rte_eth_remove_rx_callback(setup->port, setup->queue, tap->callback);
}

void shim_tap_free(struct shim_tap *tap)
{
	/* Which DPDK leaves to whoever knows that no worker is within it. */
	rte_free((void *)(uintptr_t)tap->callback);
	free(tap->scratch);
	free(tap);
}

void shim_tap_read(const struct shim_tap *tap, struct shim_tap_counts *counts)
{
	counts->seen = __atomic_load_n(&tap->counts.seen, __ATOMIC_RELAXED);
	counts->filtered = __atomic_load_n(&tap->counts.filtered, __ATOMIC_RELAXED);
	counts->lost = __atomic_load_n(&tap->counts.lost, __ATOMIC_RELAXED);
}

uint64_t shim_wall_clock(uint64_t *cycles)
{
	uint64_t narrowest = UINT64_MAX;
	uint64_t time = 0;

	/* The thread may be scheduled out between the two readings. */
	for (int i = 0; i < 4; i++) {
		struct timespec now;
		uint64_t before = rte_rdtsc();
		uint64_t taken;

		clock_gettime(CLOCK_REALTIME, &now);
		taken = rte_rdtsc() - before;
		if (taken < narrowest) {
			narrowest = taken;
			*cycles = before + taken / 2;
			time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		}
	}
	return time;
}
