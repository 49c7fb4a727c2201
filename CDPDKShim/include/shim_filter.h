/* Filters of traced and captured packets: libpcap's expressions. */
#ifndef SHIM_FILTER_H
#define SHIM_FILTER_H

struct shim_filter;

/* Compiles a pcap-filter(7) expression for Ethernet; NULL with `error` filled when it is no such. */
struct shim_filter *shim_filter_compile(const char *expression, char *error, size_t error_size);
void shim_filter_free(struct shim_filter *filter);
bool shim_filter_matches(const struct shim_filter *filter, const void *bytes, uint32_t packet_length,
			 uint32_t available);

#endif
