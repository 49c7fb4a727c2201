/* prctl, which Swift cannot call: it takes a variable number of arguments. */
#ifndef DIE_WITH_PARENT_H
#define DIE_WITH_PARENT_H

/* Has the kernel send this process SIGTERM when the thread that started it ends. */
void tagline_bench_die_with_parent(void);

#endif
