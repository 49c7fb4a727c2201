/* All of DPDK that Swift sees. Structures aligned above 16 bytes are opaque to Swift, so their fields
 * are reached by the inline accessors below; calls off the packet path are plain functions. */
#ifndef CDPDKSHIM_H
#define CDPDKSHIM_H

#include <rte_config.h>

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "shim_capture.h"
#include "shim_eal.h"
#include "shim_filter.h"
#include "shim_mbuf.h"
#include "shim_port.h"
#include "shim_system.h"

#endif
