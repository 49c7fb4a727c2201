#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "cdpdkshim.h"

#define LARGEST_FRAME 65535

struct shim_filter {
	struct bpf_program program;
};

struct shim_filter *shim_filter_compile(const char *expression, char *error, size_t error_size)
{
	struct shim_filter *filter = calloc(1, sizeof(*filter));
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, LARGEST_FRAME);

	if (filter && ethernet &&
	    pcap_compile(ethernet, &filter->program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		pcap_close(ethernet);
		return filter;
	}
	snprintf(error, error_size, "%s", ethernet ? pcap_geterr(ethernet) : "out of memory");
	if (ethernet)
		pcap_close(ethernet);
	free(filter);
	return NULL;
}

void shim_filter_free(struct shim_filter *filter)
{
	pcap_freecode(&filter->program);
	free(filter);
}

bool shim_filter_matches(const struct shim_filter *filter, const void *bytes, uint32_t packet_length,
			 uint32_t available)
{
	return bpf_filter(filter->program.bf_insns, bytes, packet_length, available) != 0;
}
