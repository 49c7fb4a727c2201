// The endpoint's programs and maps: loading, attaching, finding again, reading. Everything that can
// fail returns a negative errno. Descriptors that are returned are the caller's to close.
#pragma once

#include "endpoint_layout.h"

#include <stddef.h>

/// Descriptors of the maps that outlive a change of configuration; -1 where there is none.
struct endpoint_tables {
  int flows, fragments, counters;
};

/// Descriptors of what was loaded.
struct endpoint_programs {
  int learn, push;
  struct endpoint_tables tables;
  int appliances, client_prefixes, local_prefixes;
};

/// Loads the object `object` (an ELF file in memory) with `settings`, on new maps but for those of
/// `kept`; -ESTALE if those are made otherwise than this object's. What libbpf and the kernel's verifier said goes to `message`, cut to its length.
int endpoint_programs_load(const void *object, size_t length, const struct endpoint_settings *settings,
                       const struct endpoint_tables *kept, struct endpoint_programs *loaded, char *message,
                       size_t message_length);

enum endpoint_mode { ENDPOINT_MODE_NONE, ENDPOINT_MODE_NATIVE, ENDPOINT_MODE_GENERIC };

/// The queueing discipline that filters hang on: clsact has them for both ways, `ingress` for what
/// comes in alone.
enum endpoint_hook { ENDPOINT_HOOK_NONE, ENDPOINT_HOOK_CLSACT, ENDPOINT_HOOK_INGRESS };

/// What is attached to a device; 0 where there is nothing.
struct endpoint_attachment {
  enum endpoint_mode mode;
  __u32 learn;       // XDP program's id, whoever's it is
  __u32 push;        // id of the program in the endpoint's place at the clsact hook
  __u8 learn_is_ours, push_is_ours;
  enum endpoint_hook hook;
};
int endpoint_attachment_read(int interface, struct endpoint_attachment *attachment);

/// Fills `preferences` with up to `capacity` preferences of egress filters that run before the
/// endpoint's, lowest first, and returns how many there are, which may be more.
int endpoint_earlier_filters(int interface, __u16 *preferences, int capacity);
/// How many programs tcx has on the device's egress (Linux 6.6); all run before the filters.
int endpoint_tcx_programs(int interface);

/// Attaches in `mode`; with `replaced` (an id, else 0) in that program's place, and in no other's.
int endpoint_learn_attach(int interface, enum endpoint_mode mode, int program, __u32 replaced);
/// Detaches the program `id`, and no other.
int endpoint_learn_detach(int interface, enum endpoint_mode mode, __u32 id);
/// Attaches, or replaces the endpoint's own; makes the clsact hook if there is none.
int endpoint_push_attach(int interface, int program);
int endpoint_push_detach(int interface);
/// Removes the clsact hook unless filters use it. 1: they do, nothing was done.
int endpoint_hook_remove(int interface);

/// The maps of a program that is loaded, by its id.
int endpoint_tables_open(__u32 program, struct endpoint_tables *tables);

int endpoint_appliance_add(int map, __u64 mac);
int endpoint_prefix_add(int map, const struct endpoint_prefix *prefix);

/// The flow after `key` in the table's order, or the first if `key` is null: 1 and both filled, or 0
/// at the end. A flow that vanishes meanwhile is passed over.
int endpoint_flow_next(int map, const struct endpoint_flow_key *key, struct endpoint_flow_key *next,
                   struct endpoint_flow *flow);

/// A counter's sum over all processors.
int endpoint_counter_read(int map, __u32 counter, __u64 *sum);
/// Name and text of a counter; null past the last.
const char *endpoint_counter_name(__u32 counter);
const char *endpoint_counter_text(__u32 counter);

/// CLOCK_MONOTONIC in nanoseconds, as the programs stamp flows.
__u64 endpoint_monotonic_ns(void);

/// libbpf's words for an errno, negative or not.
void endpoint_error_text(int error, char *text, size_t length);
