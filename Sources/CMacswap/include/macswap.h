/* The yardstick: what `dpdk-testpmd --forward-mode=macswap` does with its ports, as a function. */
#ifndef MACSWAP_H
#define MACSWAP_H

#include <stdint.h>

/* Forwards from `first` to `second` and from `second` to `first`, or from `first` to itself where they are
 * the same: receives a burst of up to 32 packets, swaps their Ethernet addresses and sends it. So `turns`
 * times. What a port does not take is freed. Returns the number of packets received. */
uint64_t macswap_run(uint16_t first, uint16_t second, uint64_t turns);

#endif
