/* sched_setaffinity, which Swift does not see. */
#ifndef PIN_THREAD_H
#define PIN_THREAD_H

/* Pins the calling thread to a processor. Returns 0, or -1 where it may not run there. */
int tagline_bench_pin_thread(unsigned int processor);

#endif
