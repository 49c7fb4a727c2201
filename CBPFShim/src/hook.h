// The hook for filters on a device, and who hangs there. Negative errno on failure.
#pragma once

#include "endpoint_program.h"

#include <linux/pkt_sched.h>

// The endpoint's place among a device's egress filters.
enum { FILTER_PRIORITY = 100, FILTER_HANDLE = 1 };

#define HOOK_INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define HOOK_EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

/// Of `enum endpoint_hook`.
int hook_read(int interface);

/// How many there are on HOOK_INGRESS or HOOK_EGRESS; none if there is no hook.
int hook_count_filters(int interface, __u32 parent);
