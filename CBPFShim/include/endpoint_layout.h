// What the kernel's programs and the command that loads them both know: map keys and values,
// settings, counters.
#pragma once

#include <linux/types.h>

// An address is held as in the frame, IPv4 as ::ffff:a.b.c.d, in the two words that loading its 16
// bytes gives. A MAC address is the low six bytes of the word that loading it gives.

struct endpoint_address {
  __u64 high, low;
};

/// A flow as this host sees it. Ports in network order.
struct endpoint_flow_key {
  struct endpoint_address local, remote;
  __u16 local_port, remote_port;
  __u8 protocol;
  __u8 family;  // 4 or 6
  __u16 zero;
};

#define ENDPOINT_STACK_LIMIT 3

/// What is remembered of a flow: what its packets are sent with.
struct endpoint_flow {
  __u64 mac;      // of the appliance
  __u64 used_ns;  // CLOCK_MONOTONIC, of the last packet either way
  /// Label stack entries in host order, the session label (with TTL 0) first.
  __u32 stack[ENDPOINT_STACK_LIMIT];
  __u32 entries;  // 0: goes to `mac` without label; only in the table of fragments
};

/// A datagram whose fragments go out.
struct endpoint_fragment_key {
  struct endpoint_address local, remote;
  __u32 identification;  // as in the packet
  __u8 protocol;
  __u8 family;
  __u16 zero;
};

/// A key of a longest-prefix-match trie: `length` counts the bits of what follows it. An IPv4 address
/// takes the first four bytes of `address`.
struct endpoint_prefix {
  __u32 length;
  __u8 family;
  __u8 zero[3];
  __u8 address[16];
};
#define ENDPOINT_PREFIX_FAMILY_BITS 32

/// Set before the programs are loaded.
struct endpoint_settings {
  __u64 mac;            // of the device: frames to others are left alone
  __u32 mtu;            // of the device, bytes behind the Ethernet header
  __u32 any_appliance;  // learn from whatever MAC address
  __u32 is_client;      // there are client prefixes
  __u32 zero;
};

/// What is counted: code, name, text. Each frame with a label that comes in counts once among
/// `rx.learned` ... `drop.ttl`.
#define ENDPOINT_COUNTERS(X)                                                               \
  X(RX_LEARNED, "rx.learned", "session label popped, its flow remembered")                 \
  X(RX_UNLEARNED, "rx.unlearned", "session label popped from what is no flow's packet")    \
  X(RX_NOT_LOCAL, "rx.not_local", "session label popped, destination not local")           \
  X(RX_EXPLICIT_NULL, "rx.explicit_null", "explicit null popped, no session label")        \
  X(RX_STRANGER, "rx.stranger", "session label not from an appliance, left alone")         \
  X(DROP_SHORT, "drop.short", "cut off within label stack or IP header")                   \
  X(DROP_RESERVED, "drop.reserved", "a reserved label, or one without partner")            \
  X(DROP_STACK, "drop.stack", "more than two entries below the session label")             \
  X(DROP_PAYLOAD, "drop.payload", "no IP packet, or not the one that explicit null says")  \
  X(DROP_TTL, "drop.ttl", "time to live is 0")                                             \
  X(RX_ERASED, "rx.erased", "unlabelled SYN received, its flow forgotten")                 \
  X(TX_LABELLED, "tx.labelled", "sent with the session label")                             \
  X(TX_CONTROL, "tx.control", "SYN, FIN or RST to the appliance without session label")    \
  X(TX_ERASED, "tx.erased", "SYN sent, its flow forgotten")                                \
  X(TX_MISS, "tx.miss", "TCP or UDP packet whose flow is not remembered")                  \
  X(TX_EXPLICIT_NULL, "tx.explicit_null", "sent with explicit null")                       \
  X(TX_TOO_BIG, "tx.too_big", "does not fit the MTU with its label, went without")         \
  X(TX_SEGMENTED, "tx.segmented", "left to the NIC to segment, went without label")        \
  X(TX_TAGGED, "tx.tagged", "VLAN tag within the data, left alone")                        \
  X(ERROR_REMEMBER, "error.remember", "a flow or fragment that could not be remembered")   \
  X(ERROR_POP, "error.pop", "a label that could not be popped, packet dropped")            \
  X(ERROR_PUSH, "error.push", "a packet that could not be changed, sent as it was")

enum endpoint_counter {
#define X(code, name, text) ENDPOINT_##code,
  ENDPOINT_COUNTERS(X)
#undef X
      ENDPOINT_COUNTER_COUNT
};
