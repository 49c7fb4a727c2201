// The label endpoint within the kernel (label protocol, section 6): an XDP program that learns and
// pops, and a tc egress program that pushes. They share the table of flows.
//
// Entries of a label stack: RFC 3032 2.1.

#include "endpoint_layout.h"

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define LABEL_EXPLICIT_NULL_IPV4 0
#define LABEL_EXPLICIT_NULL_IPV6 2
#define LABEL_SESSION_FIRST 17
#define LABEL_SESSION_LAST 1048574
#define ENTRY_LABEL(entry) ((entry) >> 12)
#define ENTRY_BOTTOM 0x100u
#define ENTRY_TTL 0xffu

// Explicit nulls may stand on top of a session label; past so many entries the frame is no honest one.
#define STACK_SCAN 8
#define VLAN_TAG_LIMIT 2
#define LINK_LENGTH_LIMIT (ETH_HLEN + VLAN_TAG_LIMIT * 4)
#define EXTENSION_LIMIT 6
// The host's own packets have their headers in the buffer's first part; with less than Ethernet, IPv4
// and TCP there, it is not such a one, and is made so for the parser.
#define LINEAR_LENGTH 54
#define PULL_LENGTH 160

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define INLINE static __always_inline

const volatile struct endpoint_settings settings = {};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 131072);
  __type(key, struct endpoint_flow_key);
  __type(value, struct endpoint_flow);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct endpoint_fragment_key);
  __type(value, struct endpoint_flow);
} fragments SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, __u64);
  __type(value, __u8);
} appliances SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct endpoint_prefix);
  __type(value, __u8);
} client_prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct endpoint_prefix);
  __type(value, __u8);
} local_prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, ENDPOINT_COUNTER_COUNT);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

// The verifier follows every path with all that it knows of each number, and their product would pass
// its limit. A number that was in a map's memory is any number to it, so that paths meet again.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} forgetting SEC(".maps");

INLINE __u32 forget(__u32 number) {
  __u32 zero = 0;
  volatile __u32 *memory = bpf_map_lookup_elem(&forgetting, &zero);
  if (!memory) return 0;
  *memory = number;
  return *memory;
}

INLINE void count(__u32 counter) {
  __u64 *value = bpf_map_lookup_elem(&counters, &counter);
  if (value) ++*value;
}

INLINE int drop(__u32 counter) {
  count(counter);
  return XDP_DROP;
}

// -- Addresses

INLINE __u64 load_mac(const __u8 *bytes) {
  return (__u64)bytes[0] | (__u64)bytes[1] << 8 | (__u64)bytes[2] << 16 | (__u64)bytes[3] << 24 |
         (__u64)bytes[4] << 32 | (__u64)bytes[5] << 40;
}

// ::ffff:a.b.c.d, RFC 4291 2.5.5.2.
INLINE struct endpoint_address map_ipv4(__be32 address) {
  __u32 words[4] = {0, 0, bpf_htonl(0xffff), address};
  struct endpoint_address mapped;
  __builtin_memcpy(&mapped, words, sizeof mapped);
  return mapped;
}

// -- Parser

enum fragment { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT };

struct packet {
  struct endpoint_address source, destination;
  __u32 identification;
  __u16 source_port, destination_port;
  __u8 family, protocol, ttl;
  __u8 fragment;    // enum fragment
  __u8 has_flow;    // TCP or UDP with its ports
  __u8 tcp_flags;
};

// The ports, and TCP's flags. Without all of them there is no flow: what the start of a TCP header
// does not tell might be a SYN.
INLINE void parse_transport(struct packet *packet, void *transport, void *end) {
  __u16 *ports = transport;
  if (packet->protocol == IPPROTO_TCP) {
    __u8 *flags = transport + 13;
    if ((void *)(flags + 1) > end) return;
    packet->tcp_flags = *flags;
  } else if (packet->protocol != IPPROTO_UDP) {
    return;
  }
  if ((void *)(ports + 2) > end) return;
  packet->source_port = ports[0];
  packet->destination_port = ports[1];
  packet->has_flow = 1;
}

INLINE int parse_ipv4(struct packet *packet, void *data, void *end) {
  struct iphdr *ip = data;
  if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5) return 0;
  packet->source = map_ipv4(ip->saddr);
  packet->destination = map_ipv4(ip->daddr);
  packet->family = 4;
  packet->protocol = ip->protocol;
  packet->ttl = ip->ttl;
  packet->identification = ip->id;
  __u16 offset = bpf_ntohs(ip->frag_off);
  if (offset & 0x1fff) {
    packet->fragment = LATER_FRAGMENT;
    return 1;
  }
  if (offset & 0x2000) packet->fragment = FIRST_FRAGMENT;
  parse_transport(packet, data + ip->ihl * 4, end);
  return 1;
}

struct extension {
  __u8 next, length;
};

struct fragment_extension {
  __u8 next, reserved;
  __be16 offset;
  __be32 identification;
};

// Extension headers as RFC 8200 4 has them; behind others (authentication, no next header) there is
// no flow to be found.
INLINE int parse_ipv6(struct packet *packet, void *data, void *end) {
  struct ipv6hdr *ip = data;
  if ((void *)(ip + 1) > end || ip->version != 6) return 0;
  __builtin_memcpy(&packet->source, &ip->saddr, 16);
  __builtin_memcpy(&packet->destination, &ip->daddr, 16);
  packet->family = 6;
  packet->ttl = ip->hop_limit;
  __u8 next = ip->nexthdr;
  void *at = ip + 1;
#pragma unroll
  for (int i = 0; i < EXTENSION_LIMIT; i++) {
    if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING) {
      struct extension *extension = at;
      if ((void *)(extension + 1) > end) return 1;
      next = extension->next;
      at += (extension->length + 1) * 8;
    } else if (next == IPPROTO_FRAGMENT && packet->fragment == WHOLE) {
      struct fragment_extension *extension = at;
      if ((void *)(extension + 1) > end) return 1;
      next = extension->next;
      packet->identification = extension->identification;
      __u16 offset = bpf_ntohs(extension->offset);
      if (offset & 0xfff8) {
        packet->protocol = next;
        packet->fragment = LATER_FRAGMENT;
        return 1;
      }
      // Neither offset nor more: an atomic fragment is a whole packet (RFC 6946).
      if (offset & 1) {
        packet->fragment = FIRST_FRAGMENT;
        packet->protocol = next;
      }
      at += sizeof *extension;
    } else {
      break;
    }
  }
  // Later fragments could not tell the transport from another header between.
  if (packet->fragment == FIRST_FRAGMENT && packet->protocol != next) return 1;
  packet->protocol = next;
  parse_transport(packet, at, end);
  return 1;
}

// False if there is no whole IP header.
INLINE int parse(struct packet *packet, __u8 family, void *data, void *end) {
  return family == 4 ? parse_ipv4(packet, data, end) : parse_ipv6(packet, data, end);
}

INLINE int is_syn(const struct packet *packet) {
  return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

INLINE int is_control(const struct packet *packet) {
  return is_syn(packet) || packet->tcp_flags & (TCP_FIN | TCP_RST);
}

// -- Keys

INLINE struct endpoint_flow_key received_key(const struct packet *packet) {
  struct endpoint_flow_key key = {
      .local = packet->destination,
      .remote = packet->source,
      .local_port = packet->destination_port,
      .remote_port = packet->source_port,
      .protocol = packet->protocol,
      .family = packet->family,
  };
  return key;
}

INLINE struct endpoint_flow_key sent_key(const struct packet *packet) {
  struct endpoint_flow_key key = {
      .local = packet->source,
      .remote = packet->destination,
      .local_port = packet->source_port,
      .remote_port = packet->destination_port,
      .protocol = packet->protocol,
      .family = packet->family,
  };
  return key;
}

INLINE struct endpoint_prefix destination_prefix(const struct packet *packet) {
  struct endpoint_prefix key = {.family = packet->family};
  if (packet->family == 4) {
    key.length = ENDPOINT_PREFIX_FAMILY_BITS + 32;
    __builtin_memcpy(key.address, (const __u8 *)&packet->destination + 12, 4);
  } else {
    key.length = ENDPOINT_PREFIX_FAMILY_BITS + 128;
    __builtin_memcpy(key.address, &packet->destination, 16);
  }
  return key;
}

// -- Receive

// What stands between the Ethernet header and the IP packet.
struct label_stack {
  __u32 outermost;  // its TTL counts for all (uniform model, RFC 3443 3.1)
  __u32 entries[ENDPOINT_STACK_LIMIT];
  __u32 session_entries;  // 0: explicit null alone
  __u8 promised_family;   // by an explicit null at the bottom; else 0
};

// Reads the stack at `data + offset`. Returns the IP packet's offset, or minus the counter of why it
// is dropped, less one.
INLINE int read_stack(struct label_stack *stack, void *data, void *end, __u32 offset) {
#pragma unroll
  for (int i = 0; i < STACK_SCAN; i++) {
    __be32 *word = data + offset;
    if ((void *)(word + 1) > end) return -ENDPOINT_DROP_SHORT - 1;
    __u32 entry = bpf_ntohl(*word);
    __u32 label = ENTRY_LABEL(entry);
    offset += 4;
    if (i == 0) stack->outermost = entry;
    if (stack->session_entries == 0) {
      if (label == LABEL_EXPLICIT_NULL_IPV4 || label == LABEL_EXPLICIT_NULL_IPV6) {
        if (!(entry & ENTRY_BOTTOM)) continue;
        stack->promised_family = label == LABEL_EXPLICIT_NULL_IPV4 ? 4 : 6;
        return offset;
      }
      if (label < LABEL_SESSION_FIRST || label > LABEL_SESSION_LAST)
        return -ENDPOINT_DROP_RESERVED - 1;
      stack->entries[0] = entry;
      stack->session_entries = 1;
    } else if (stack->session_entries == 1) {
      stack->entries[1] = entry;
      stack->session_entries = 2;
    } else if (stack->session_entries == 2) {
      stack->entries[2] = entry;
      stack->session_entries = 3;
    } else {
      return -ENDPOINT_DROP_STACK - 1;
    }
    if (entry & ENTRY_BOTTOM) return offset;
  }
  return -ENDPOINT_DROP_STACK - 1;
}

// Writes the smaller of both TTLs into the IP header; IPv4's checksum follows incrementally
// (RFC 1624, equation 3). Returns the counter of why the frame is dropped, or -1.
INLINE int write_ttl(__u8 family, __u8 label_ttl, void *data, void *end) {
  if (family == 4) {
    struct iphdr *ip = data;
    if ((void *)(ip + 1) > end) return ENDPOINT_DROP_SHORT;
    if (label_ttl == 0 || ip->ttl == 0) return ENDPOINT_DROP_TTL;
    if (label_ttl < ip->ttl) {
      __u16 before = (__u16)ip->ttl << 8 | ip->protocol;
      __u16 after = (__u16)label_ttl << 8 | ip->protocol;
      __u32 sum = (__u16)~bpf_ntohs(ip->check) + (__u16)~before + after;
      sum = (sum & 0xffff) + (sum >> 16);
      sum = (sum & 0xffff) + (sum >> 16);
      ip->check = bpf_htons((__u16)~sum);
      ip->ttl = label_ttl;
    }
  } else {
    struct ipv6hdr *ip = data;
    if ((void *)(ip + 1) > end) return ENDPOINT_DROP_SHORT;
    if (label_ttl == 0 || ip->hop_limit == 0) return ENDPOINT_DROP_TTL;
    if (label_ttl < ip->hop_limit) ip->hop_limit = label_ttl;
  }
  return -1;
}

// Remembers what the flow's packets are to be sent with. Returns what to count.
INLINE __u32 learn(const struct packet *packet, const struct label_stack *stack, __u64 mac) {
  struct endpoint_prefix destination = destination_prefix(packet);
  if (!bpf_map_lookup_elem(&local_prefixes, &destination)) return ENDPOINT_RX_NOT_LOCAL;
  if (!packet->has_flow) return ENDPOINT_RX_UNLEARNED;

  __u32 partner = ((ENTRY_LABEL(stack->entries[0]) - 1) ^ 1) + 1;
  __u32 rest = stack->entries[0] & 0xfff & ~ENTRY_TTL;
  struct endpoint_flow flow = {
      .mac = mac,
      .used_ns = bpf_ktime_get_ns(),
      .stack = {partner << 12 | rest, stack->entries[1], stack->entries[2]},
      .entries = stack->session_entries,
  };
  struct endpoint_flow_key key = received_key(packet);
  struct endpoint_flow *known = bpf_map_lookup_elem(&flows, &key);
  if (known && known->mac == flow.mac && known->entries == flow.entries &&
      known->stack[0] == flow.stack[0] && known->stack[1] == flow.stack[1] &&
      known->stack[2] == flow.stack[2]) {
    known->used_ns = flow.used_ns;
  } else if (bpf_map_update_elem(&flows, &key, &flow, BPF_ANY)) {
    count(ENDPOINT_ERROR_REMEMBER);
    return ENDPOINT_RX_UNLEARNED;
  }
  return ENDPOINT_RX_LEARNED;
}

// A SYN without session label begins another session: what was remembered of its flow is old.
INLINE void erase_received(const struct packet *packet) {
  if (!packet->has_flow || !is_syn(packet)) return;
  struct endpoint_flow_key key = received_key(packet);
  if (bpf_map_delete_elem(&flows, &key) == 0) count(ENDPOINT_RX_ERASED);
}

struct vlan_tag {
  __be16 control;
  __be16 ethertype;  // of what follows
};

// Takes `length` bytes of labels out of the frame, behind `tags` VLAN tags.
INLINE int pop(struct xdp_md *context, __u32 tags, __u32 length, __u8 family) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  __u8 header[LINK_LENGTH_LIMIT];
  if (data + ETH_HLEN > end) return -1;
  __builtin_memcpy(header, data, ETH_HLEN);
  if (tags > 0) {
    if (data + ETH_HLEN + 4 > end) return -1;
    __builtin_memcpy(header + ETH_HLEN, data + ETH_HLEN, 4);
  }
  if (tags > 1) {
    if (data + ETH_HLEN + 8 > end) return -1;
    __builtin_memcpy(header + ETH_HLEN + 4, data + ETH_HLEN + 4, 4);
  }
  if (bpf_xdp_adjust_head(context, length)) return -1;

  data = (void *)(long)context->data;
  end = (void *)(long)context->data_end;
  __be16 ethertype = family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
  if (data + ETH_HLEN > end) return -1;
  __builtin_memcpy(data, header, ETH_HLEN);
  if (tags == 0) {
    __builtin_memcpy(data + 12, &ethertype, 2);
    return 0;
  }
  if (data + ETH_HLEN + 4 > end) return -1;
  __builtin_memcpy(data + ETH_HLEN, header + ETH_HLEN, 4);
  if (tags == 1) {
    __builtin_memcpy(data + 16, &ethertype, 2);
    return 0;
  }
  if (data + ETH_HLEN + 8 > end) return -1;
  __builtin_memcpy(data + ETH_HLEN + 4, header + ETH_HLEN + 4, 4);
  __builtin_memcpy(data + 20, &ethertype, 2);
  return 0;
}

// A frame with ethertype MPLS whose stack begins at `offset`.
INLINE int receive_labelled(struct xdp_md *context, __u32 tags, __u32 offset) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  if ((void *)(ethernet + 1) > end) return XDP_PASS;

  tags = forget(tags);
  offset = forget(offset);
  if (offset > LINK_LENGTH_LIMIT) return XDP_PASS;
  struct label_stack stack = {};
  int read = read_stack(&stack, data, end, offset);
  if (read < 0) return drop(-read - 1);
  __u32 inner = forget(read);
  if (inner > LINK_LENGTH_LIMIT + STACK_SCAN * 4) return drop(ENDPOINT_DROP_STACK);
  stack.session_entries = forget(stack.session_entries);
  stack.promised_family = forget(stack.promised_family);
  __u64 mac = load_mac(ethernet->h_source);
  if (stack.session_entries && !settings.any_appliance &&
      !bpf_map_lookup_elem(&appliances, &mac)) {
    count(ENDPOINT_RX_STRANGER);
    return XDP_PASS;
  }

  __u8 *first = data + inner;
  if ((void *)(first + 1) > end) return drop(ENDPOINT_DROP_SHORT);
  __u8 family = *first >> 4;
  if ((family != 4 && family != 6) || (stack.promised_family && stack.promised_family != family))
    return drop(ENDPOINT_DROP_PAYLOAD);
  int refused = write_ttl(family, stack.outermost & ENTRY_TTL, first, end);
  if (refused >= 0) return drop(refused);

  struct packet packet = {};
  __u32 outcome = stack.session_entries ? ENDPOINT_RX_UNLEARNED : ENDPOINT_RX_EXPLICIT_NULL;
  if (parse(&packet, family, first, end)) {
    if (stack.session_entries) outcome = learn(&packet, &stack, mac);
    else erase_received(&packet);
  }
  if (pop(context, tags, inner - offset, family)) return drop(ENDPOINT_ERROR_POP);
  count(outcome);
  return XDP_PASS;
}

SEC("xdp")
int tagline_learn(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  struct ethhdr *ethernet = data;
  if ((void *)(ethernet + 1) > end || load_mac(ethernet->h_dest) != settings.mac) return XDP_PASS;

  __be16 ethertype = ethernet->h_proto;
  __u32 offset = ETH_HLEN, tags = 0;
#pragma unroll
  for (int i = 0; i < VLAN_TAG_LIMIT; i++) {
    if (ethertype != bpf_htons(ETH_P_8021Q) && ethertype != bpf_htons(ETH_P_8021AD)) break;
    struct vlan_tag *tag = data + offset;
    if ((void *)(tag + 1) > end) return XDP_PASS;
    ethertype = tag->ethertype;
    offset += sizeof *tag;
    tags++;
  }
  if (ethertype == bpf_htons(ETH_P_MPLS_UC)) return receive_labelled(context, tags, offset);

  struct packet packet = {};
  if (ethertype == bpf_htons(ETH_P_IP)) {
    if (parse_ipv4(&packet, data + offset, end)) erase_received(&packet);
  } else if (ethertype == bpf_htons(ETH_P_IPV6)) {
    if (parse_ipv6(&packet, data + offset, end)) erase_received(&packet);
  }
  return XDP_PASS;
}

// -- Send

INLINE struct endpoint_fragment_key fragment_key(const struct packet *packet) {
  struct endpoint_fragment_key key = {
      .local = packet->source,
      .remote = packet->destination,
      .identification = packet->identification,
      .protocol = packet->protocol,
      .family = packet->family,
  };
  return key;
}

INLINE int write_destination(struct __sk_buff *buffer, __u64 mac) {
  return bpf_skb_store_bytes(buffer, 0, &mac, ETH_ALEN, 0);
}

// What became of a packet that is sent.
enum sent {
  LABELLED,    // has its session label
  UNLABELLED,  // has none; explicit null may still be put on it
  NO_ROOM,     // has none, and takes no label at all
};

// Puts entries (network order) behind the Ethernet header. A tag that the device is to insert stands
// outside of the data and so comes before them. A packet that is not labelled is as it was.
INLINE enum sent push(struct __sk_buff *buffer, const __be32 *stack, __u32 entries) {
  // A device or the stack's software would segment by headers that are no longer where they were.
  if (buffer->gso_size) {
    count(ENDPOINT_TX_SEGMENTED);
    return NO_ROOM;
  }
  // Growing a packet past the MTU is no error until a device drops it (since Linux 5.12), and asking
  // for the MTU is for programs under the GPL.
  if (buffer->len - ETH_HLEN + entries * 4 > settings.mtu) {
    count(ENDPOINT_TX_TOO_BIG);
    return entries == 1 ? NO_ROOM : UNLABELLED;
  }
  // BPF_ADJ_ROOM_MAC: the new room stands behind the link header.
  if (bpf_skb_adjust_room(buffer, entries * 4, BPF_ADJ_ROOM_MAC, 0)) {
    count(ENDPOINT_ERROR_PUSH);
    return NO_ROOM;
  }
  __be16 ethertype = bpf_htons(ETH_P_MPLS_UC);
  // Neither can fail: the bytes are there and were made writable.
  bpf_skb_store_bytes(buffer, 12, &ethertype, sizeof ethertype, 0);
  if (entries == 1) bpf_skb_store_bytes(buffer, ETH_HLEN, stack, 4, 0);
  else if (entries == 2) bpf_skb_store_bytes(buffer, ETH_HLEN, stack, 8, 0);
  else bpf_skb_store_bytes(buffer, ETH_HLEN, stack, 12, 0);
  return LABELLED;
}

// Sends to where `flow` says, with its labels unless there are none.
INLINE enum sent follow(struct __sk_buff *buffer, const struct endpoint_flow *flow, __u8 ttl) {
  if (write_destination(buffer, flow->mac)) {
    count(ENDPOINT_ERROR_PUSH);
    return NO_ROOM;
  }
  if (flow->entries == 0) return UNLABELLED;
  __be32 stack[ENDPOINT_STACK_LIMIT] = {
      bpf_htonl(flow->stack[0] | ttl),
      bpf_htonl(flow->stack[1]),
      bpf_htonl(flow->stack[2]),
  };
  enum sent outcome = push(buffer, stack, flow->entries);
  if (outcome == LABELLED) count(ENDPOINT_TX_LABELLED);
  return outcome;
}

// A whole packet, or a datagram's first fragment.
INLINE enum sent send_first(struct __sk_buff *buffer, const struct packet *packet) {
  struct endpoint_flow_key key = sent_key(packet);
  struct endpoint_flow *known = packet->has_flow ? bpf_map_lookup_elem(&flows, &key) : 0;
  struct endpoint_fragment_key fragment = fragment_key(packet);
  if (!known) {
    if (packet->has_flow) count(ENDPOINT_TX_MISS);
    // Identifications come again: what an older datagram left must not be followed.
    if (packet->fragment == FIRST_FRAGMENT) bpf_map_delete_elem(&fragments, &fragment);
    return UNLABELLED;
  }
  known->used_ns = bpf_ktime_get_ns();
  struct endpoint_flow flow = *known;
  if (is_control(packet)) {
    flow.entries = 0;
    count(ENDPOINT_TX_CONTROL);
    if (is_syn(packet)) {
      bpf_map_delete_elem(&flows, &key);
      count(ENDPOINT_TX_ERASED);
    }
  }
  enum sent outcome = follow(buffer, &flow, packet->ttl);
  if (packet->fragment == FIRST_FRAGMENT) {
    if (outcome != LABELLED) flow.entries = 0;
    if (bpf_map_update_elem(&fragments, &fragment, &flow, BPF_ANY)) count(ENDPOINT_ERROR_REMEMBER);
  }
  return outcome;
}

INLINE enum sent send_later(struct __sk_buff *buffer, const struct packet *packet) {
  struct endpoint_fragment_key fragment = fragment_key(packet);
  struct endpoint_flow *known = bpf_map_lookup_elem(&fragments, &fragment);
  if (!known) {
    if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) count(ENDPOINT_TX_MISS);
    return UNLABELLED;
  }
  struct endpoint_flow flow = *known;
  return follow(buffer, &flow, packet->ttl);
}

SEC("tc")
int tagline_push(struct __sk_buff *buffer) {
  __u32 linear = buffer->data_end - buffer->data;
  if (linear < LINEAR_LENGTH && linear < buffer->len)
    bpf_skb_pull_data(buffer, buffer->len < PULL_LENGTH ? buffer->len : PULL_LENGTH);

  void *data = (void *)(long)buffer->data, *end = (void *)(long)buffer->data_end;
  struct ethhdr *ethernet = data;
  // Group addresses have no session, and their MPLS has another meaning (RFC 5332 4).
  if ((void *)(ethernet + 1) > end || ethernet->h_dest[0] & 1) return TC_ACT_UNSPEC;

  struct packet packet = {};
  int parsed = 0;
  if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
    parsed = parse_ipv4(&packet, data + ETH_HLEN, end);
  } else if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
    parsed = parse_ipv6(&packet, data + ETH_HLEN, end);
  } else if (ethernet->h_proto == bpf_htons(ETH_P_8021Q) ||
             ethernet->h_proto == bpf_htons(ETH_P_8021AD)) {
    count(ENDPOINT_TX_TAGGED);
  }
  // UNSPEC: filters that others attached get their turn.
  if (!parsed) return TC_ACT_UNSPEC;

  enum sent outcome = packet.fragment == LATER_FRAGMENT ? send_later(buffer, &packet)
                                                        : send_first(buffer, &packet);
  if (outcome != UNLABELLED || !settings.is_client) return TC_ACT_UNSPEC;

  struct endpoint_prefix destination = destination_prefix(&packet);
  if (bpf_map_lookup_elem(&client_prefixes, &destination)) {
    __u32 label = packet.family == 4 ? LABEL_EXPLICIT_NULL_IPV4 : LABEL_EXPLICIT_NULL_IPV6;
    __be32 entry = bpf_htonl(label << 12 | ENTRY_BOTTOM | packet.ttl);
    __be32 stack[ENDPOINT_STACK_LIMIT] = {entry};
    if (push(buffer, stack, 1) == LABELLED) count(ENDPOINT_TX_EXPLICIT_NULL);
  }
  return TC_ACT_UNSPEC;
}

char license_name[] SEC("license") = "Apache-2.0";
