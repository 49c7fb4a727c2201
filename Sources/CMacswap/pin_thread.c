#define _GNU_SOURCE
#include "pin_thread.h"

#include <sched.h>

int tagline_bench_pin_thread(unsigned int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}
