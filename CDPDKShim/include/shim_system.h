/* Memory and processor questions that DPDK does not answer. */
#ifndef SHIM_SYSTEM_H
#define SHIM_SYSTEM_H

/* Zeroed memory, taken at once and 64-byte aligned: from DPDK's huge pages where there are enough, else
 * ordinary pages with transparent huge pages asked for. NULL if there is not that much. */
void *shim_region_allocate(size_t bytes, int socket, bool hugepages);
/* Gives back what `shim_region_allocate` took without huge pages. */
void shim_region_free(void *region, size_t bytes);

/* Whether the calling thread may run on `cpu`. */
bool shim_cpu_allowed(unsigned int cpu);
void shim_yield(void);
/* Bytes of free huge pages of all sizes. */
uint64_t shim_free_hugepage_bytes(void);
/* Bytes that can be allocated without swapping (MemAvailable), 0 if unknown. */
uint64_t shim_memory_available(void);

#endif
