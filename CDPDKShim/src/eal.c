#include <stdlib.h>
#include <unistd.h>

#include <rte_mbuf_pool_ops.h>

#include "cdpdkshim.h"

int shim_eal_start(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);

	return used < 0 ? -rte_errno : 0;
}

void shim_eal_stop(bool cleans_up)
{
	if (cleans_up)
		rte_eal_cleanup();
	rmdir(rte_eal_get_runtime_dir());
}

const char *shim_error_text(int error)
{
	return rte_strerror(error);
}

int shim_errno(void)
{
	return rte_errno;
}

size_t shim_pool_bytes_per_buffer(void)
{
	struct rte_mempool_objsz size;

	return rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0, &size);
}

struct rte_mempool *shim_pool_create(const char *name, unsigned int count, unsigned int cache, int socket,
				     bool hugepages)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE};
	unsigned int flags = hugepages ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	struct rte_mempool *pool;
	int result;

	pool = rte_mempool_create_empty(name, count, sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, cache,
					sizeof(private), socket, flags);
	if (!pool)
		return NULL;
	result = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (result == 0) {
		rte_pktmbuf_pool_init(pool, &private);
		result = rte_mempool_populate_default(pool);
	}
	if (result < 0) {
		rte_mempool_free(pool);
		rte_errno = -result;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

unsigned int shim_pool_in_use(const struct rte_mempool *pool)
{
	return rte_mempool_in_use_count(pool);
}

struct rte_ring *shim_ring_create(unsigned int count)
{
	ssize_t bytes = rte_ring_get_memsize(count);
	void *memory;

	if (bytes < 0 || posix_memalign(&memory, RTE_CACHE_LINE_SIZE, (size_t)bytes) != 0)
		return NULL;
	if (rte_ring_init(memory, "tagline", count, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(memory);
		return NULL;
	}
	return memory;
}

unsigned int shim_ring_count(const struct rte_ring *ring)
{
	return rte_ring_count(ring);
}

struct rte_rcu_qsbr *shim_qsbr_create(unsigned int threads)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(threads);
	void *memory;

	if (posix_memalign(&memory, RTE_CACHE_LINE_SIZE, bytes) != 0)
		return NULL;
	if (rte_rcu_qsbr_init(memory, threads) != 0) {
		free(memory);
		return NULL;
	}
	return memory;
}

void shim_qsbr_register(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_thread_register(qsbr, thread);
	rte_rcu_qsbr_thread_online(qsbr, thread);
}

void shim_qsbr_unregister(struct rte_rcu_qsbr *qsbr, unsigned int thread)
{
	rte_rcu_qsbr_thread_offline(qsbr, thread);
	rte_rcu_qsbr_thread_unregister(qsbr, thread);
}

uint64_t shim_qsbr_start(struct rte_rcu_qsbr *qsbr)
{
	return rte_rcu_qsbr_start(qsbr);
}

bool shim_qsbr_passed(struct rte_rcu_qsbr *qsbr, uint64_t token)
{
	return rte_rcu_qsbr_check(qsbr, token, false) == 1;
}

int shim_launch(int (*function)(void *), void *argument, unsigned int lcore)
{
	return rte_eal_remote_launch(function, argument, lcore);
}

int shim_wait(unsigned int lcore)
{
	return rte_eal_wait_lcore(lcore);
}
