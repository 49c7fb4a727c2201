/* The environment: EAL, pools, rings, quiescent states. Off the packet path but for the last. */
#ifndef SHIM_EAL_H
#define SHIM_EAL_H

/* rte_eal_init. Returns 0 or a negative errno. */
int shim_eal_start(int argc, char **argv);
/* `cleans_up`: gives memory and devices back (rte_eal_cleanup), as the end of the process does too. EAL's
 * directory for files between processes, empty as nothing is shared, goes in any case. */
void shim_eal_stop(bool cleans_up);

/* Text of an errno, DPDK's own included (rte_strerror). */
const char *shim_error_text(int error);

/* A pool of packet buffers. Without RTE_MEMPOOL_F_NO_IOVA_CONTIG, memory that is no huge page puts
 * every buffer's header into the same cache set and costs a factor of two to three; no device that
 * works without huge pages needs the contiguity. NULL with rte_errno set on failure. */
struct rte_mempool *shim_pool_create(const char *name, unsigned int count, unsigned int cache, int socket,
				     bool hugepages);
unsigned int shim_pool_in_use(const struct rte_mempool *pool);
/* Bytes that one packet buffer takes in a pool. */
size_t shim_pool_bytes_per_buffer(void);

/* A ring of one producer and one consumer, in memory of its own: DPDK has room for 2,560 named ones only,
 * which a ring for each pair of 64 workers exceeds. */
struct rte_ring *shim_ring_create(unsigned int count);
unsigned int shim_ring_count(const struct rte_ring *ring);

int shim_errno(void);

struct rte_rcu_qsbr *shim_qsbr_create(unsigned int threads);
void shim_qsbr_register(struct rte_rcu_qsbr *qsbr, unsigned int thread);
void shim_qsbr_unregister(struct rte_rcu_qsbr *qsbr, unsigned int thread);
/* Starts a grace period; the token is passed once every registered thread was quiescent after it. */
uint64_t shim_qsbr_start(struct rte_rcu_qsbr *qsbr);
bool shim_qsbr_passed(struct rte_rcu_qsbr *qsbr, uint64_t token);

static inline __attribute__((always_inline)) void shim_qsbr_quiescent(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_quiescent(qsbr, thread);
}

/* Runs a function on a worker lcore (rte_eal_remote_launch); waits for it (rte_eal_wait_lcore). */
int shim_launch(int (*function)(void *), void *argument, unsigned int lcore);
int shim_wait(unsigned int lcore);

#endif
