#include <signal.h>
#include <sys/prctl.h>

#include "die_with_parent.h"

void tagline_bench_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}
