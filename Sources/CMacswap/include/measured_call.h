/* One place that all measured work passes, with a name that callgrind's --toggle-collect can have. */
#ifndef MEASURED_CALL_H
#define MEASURED_CALL_H

/* Calls `body` with `context`. */
void tagline_bench_measured(void (*body)(void *), void *context);

#endif
