#define _GNU_SOURCE
#include <glob.h>
#include <numa.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_malloc.h>

#include "cdpdkshim.h"

#define LARGE_PAGE ((size_t)2 << 20)

/* Takes one large page now. A page at a time, since the kernel holds off whatever else maps memory, the
 * start of a thread included, for as long as one call takes. */
static void take_page(char *page)
{
#ifdef MADV_POPULATE_WRITE
	if (madvise(page, LARGE_PAGE, MADV_POPULATE_WRITE) == 0)
		return;
#endif
	memset(page, 0, LARGE_PAGE);
}

void *shim_region_allocate(size_t bytes, int socket, bool hugepages)
{
	size_t rounded = (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	char *memory;

	if (hugepages) {
		void *region = rte_zmalloc_socket(NULL, bytes, RTE_CACHE_LINE_SIZE, socket);

		if (region)
			return region;
	}
	if (shim_memory_available() && rounded > shim_memory_available())
		return NULL;
	memory = mmap(NULL, rounded + LARGE_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	memory = (char *)(((uintptr_t)memory + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1));
	madvise(memory, rounded, MADV_HUGEPAGE);
	if (socket >= 0 && numa_available() >= 0)
		numa_tonode_memory(memory, rounded, socket);
	for (size_t done = 0; done < rounded; done += LARGE_PAGE)
		take_page(memory + done);
	return memory;
}

void shim_region_free(void *region, size_t bytes)
{
	munmap(region, (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1));
}

bool shim_cpu_allowed(unsigned int cpu)
{
	cpu_set_t set;

	return cpu < CPU_SETSIZE && sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_ISSET(cpu, &set);
}

void shim_yield(void)
{
	sched_yield();
}

uint64_t shim_free_hugepage_bytes(void)
{
	uint64_t total = 0;
	glob_t found;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB/free_hugepages", 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		unsigned long long kibibytes = 0, pages = 0;
		FILE *file = fopen(found.gl_pathv[i], "r");

		if (!file)
			continue;
		if (fscanf(file, "%llu", &pages) == 1 &&
		    sscanf(found.gl_pathv[i], "/sys/kernel/mm/hugepages/hugepages-%llukB/", &kibibytes) == 1)
			total += pages * kibibytes << 10;
		fclose(file);
	}
	globfree(&found);
	return total;
}

uint64_t shim_memory_available(void)
{
	unsigned long long kibibytes = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kibibytes) == 1)
			break;
	fclose(file);
	return kibibytes << 10;
}
