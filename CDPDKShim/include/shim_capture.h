/* Packet capture. A worker's taps copy what passes its queues into a buffer of the worker's own, which one
 * other thread empties. A tap neither waits nor allocates: what finds no room is lost and counted. */
#ifndef SHIM_CAPTURE_H
#define SHIM_CAPTURE_H

struct rte_mbuf;
struct shim_filter;

/* Copies of packets on their way from one worker to one reader: a ring of bytes, where each packet lies in one
 * piece behind a header. */
struct shim_capture_buffer;

struct shim_captured_packet {
	/* The processor's cycle counter when the packet's burst passed. */
	uint64_t cycles;
	const void *bytes;
	/* Bytes that were captured, and those of the packet on its link. */
	uint32_t captured;
	uint32_t length;
	/* As the tap has them. */
	uint16_t interface;
	bool outbound;
};

/* The most bytes that are captured of a packet. */
#define SHIM_CAPTURE_LONGEST 65535

/* A buffer of 2^`order` bytes, at least 2^18. NULL without memory. */
struct shim_capture_buffer *shim_capture_buffer_create(unsigned int order);
/* Takes all of its memory, which may take a while, so that no worker need fault it in; from any thread, while it is
 * used already. */
void shim_capture_buffer_populate(struct shim_capture_buffer *buffer);
/* No tap may use it any more. */
void shim_capture_buffer_free(struct shim_capture_buffer *buffer);
/* The oldest packet, false when there is none. It stays where it is until `shim_capture_buffer_drop`. */
bool shim_capture_buffer_peek(struct shim_capture_buffer *buffer, struct shim_captured_packet *packet);
/* Gives the oldest packet's room back. There must be one, and it was peeked at. */
void shim_capture_buffer_drop(struct shim_capture_buffer *buffer);

struct shim_tap_setup {
	uint16_t port;
	uint16_t queue;
	/* Of a transmit queue. */
	bool outbound;
	uint16_t interface;
	uint32_t snap_length;
	/* NULL takes every packet. */
	const struct shim_filter *filter;
	/* Of the worker that polls or fills the queue. */
	struct shim_capture_buffer *buffer;
	/* Nonzero once nothing is to be captured any more; read once a burst. */
	const uint32_t *closed;
};

/* What a tap saw: all packets, those that the filter did not choose, and those that found no room. */
struct shim_tap_counts {
	uint64_t seen;
	uint64_t filtered;
	uint64_t lost;
};

struct shim_tap;

/* A tap that sees nothing yet. NULL without memory. What it refers to must outlive it. */
struct shim_tap *shim_tap_create(const struct shim_tap_setup *setup);
/* Sets the tap on its queue (rte_eth_add_rx_callback, rte_eth_add_tx_callback). Returns 0 or a negative
 * errno. */
int shim_tap_attach(struct shim_tap *tap);
/* Takes it off. A worker may be within it until it was quiescent. */
void shim_tap_detach(struct shim_tap *tap);
/* No worker may be within it any more. */
void shim_tap_free(struct shim_tap *tap);
void shim_tap_read(const struct shim_tap *tap, struct shim_tap_counts *counts);
/* What happens as a burst passes, for tests. */
void shim_tap_burst(struct shim_tap *tap, struct rte_mbuf **burst, uint16_t count);

/* CLOCK_REALTIME in nanoseconds since the Unix epoch, and the cycle counter at that moment. */
uint64_t shim_wall_clock(uint64_t *cycles);

#endif
