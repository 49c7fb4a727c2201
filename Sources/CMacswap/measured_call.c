#include "measured_call.h"

__attribute__((noinline)) void tagline_bench_measured(void (*body)(void *), void *context)
{
	body(context);
	/* Keeps the call from becoming a jump, which would end the function before the body. */
	__asm__ volatile("" ::: "memory");
}
