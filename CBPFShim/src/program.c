#include "endpoint_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// What libbpf says while a program is loaded; a command loads one at a time.
static char *said;
static size_t said_length;

static int keep_words(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_DEBUG || !said) return 0;
  size_t used = strlen(said);
  if (used + 1 < said_length) vsnprintf(said + used, said_length - used, format, arguments);
  return 0;
}

static int descriptor_of(const struct bpf_object *object, const char *map) {
  int descriptor = bpf_object__find_map_fd_by_name(object, map);
  return descriptor < 0 ? descriptor : fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

static int program_of(const struct bpf_object *object, const char *name) {
  const struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  return program ? fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3) : -ENOENT;
}

static int keep_map(const struct bpf_object *object, const char *name, int descriptor) {
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  if (!map) return -ENOENT;
  if (descriptor < 0) return 0;
  struct bpf_map_info info = {};
  __u32 length = sizeof info;
  if (bpf_obj_get_info_by_fd(descriptor, &info, &length)) return -errno;
  if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
      info.value_size != bpf_map__value_size(map) ||
      info.max_entries != bpf_map__max_entries(map))
    return -ESTALE;
  return bpf_map__reuse_fd(map, descriptor);
}

static int prepare(struct bpf_object *object, const struct endpoint_settings *settings,
                   const struct endpoint_tables *kept) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata")) {
      int result = bpf_map__set_initial_value(map, settings, sizeof *settings);
      if (result) return result;
    }
  }
  int result = keep_map(object, "flows", kept->flows);
  if (!result) result = keep_map(object, "fragments", kept->fragments);
  if (!result) result = keep_map(object, "counters", kept->counters);
  return result;
}

int endpoint_programs_load(const void *bytes, size_t length, const struct endpoint_settings *settings,
                       const struct endpoint_tables *kept, struct endpoint_programs *loaded, char *message,
                       size_t message_length) {
  said = message;
  said_length = message_length;
  if (message_length) message[0] = 0;
  libbpf_set_print(keep_words);

  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "tagline");
  struct bpf_object *object = bpf_object__open_mem(bytes, length, &options);
  int result = object ? 0 : -errno;
  if (!result) result = prepare(object, settings, kept);
  if (!result) result = bpf_object__load(object);
  if (!result) {
    loaded->learn = program_of(object, "tagline_learn");
    loaded->push = program_of(object, "tagline_push");
    loaded->tables.flows = descriptor_of(object, "flows");
    loaded->tables.fragments = descriptor_of(object, "fragments");
    loaded->tables.counters = descriptor_of(object, "counters");
    loaded->appliances = descriptor_of(object, "appliances");
    loaded->client_prefixes = descriptor_of(object, "client_prefixes");
    loaded->local_prefixes = descriptor_of(object, "local_prefixes");
  }
  bpf_object__close(object);
  said = NULL;
  return result;
}

int endpoint_tables_open(__u32 program, struct endpoint_tables *tables) {
  *tables = (struct endpoint_tables){-1, -1, -1};
  int descriptor = bpf_prog_get_fd_by_id(program);
  if (descriptor < 0) return -errno;
  __u32 maps[64];
  struct bpf_prog_info info = {.nr_map_ids = 64, .map_ids = (__u64)(unsigned long)maps};
  __u32 length = sizeof info;
  int result = bpf_obj_get_info_by_fd(descriptor, &info, &length) ? -errno : 0;
  close(descriptor);
  for (__u32 index = 0; !result && index < info.nr_map_ids && index < 64; index++) {
    int map = bpf_map_get_fd_by_id(maps[index]);
    if (map < 0) continue;
    struct bpf_map_info map_info = {};
    length = sizeof map_info;
    int *place = NULL;
    if (bpf_obj_get_info_by_fd(map, &map_info, &length) == 0) {
      if (strcmp(map_info.name, "flows") == 0) place = &tables->flows;
      else if (strcmp(map_info.name, "fragments") == 0) place = &tables->fragments;
      else if (strcmp(map_info.name, "counters") == 0) place = &tables->counters;
    }
    if (place) *place = map;
    else close(map);
  }
  return result;
}

int endpoint_appliance_add(int map, __u64 mac) {
  __u8 present = 1;
  return bpf_map_update_elem(map, &mac, &present, BPF_ANY) ? -errno : 0;
}

int endpoint_prefix_add(int map, const struct endpoint_prefix *prefix) {
  __u8 present = 1;
  return bpf_map_update_elem(map, prefix, &present, BPF_ANY) ? -errno : 0;
}

int endpoint_flow_next(int map, const struct endpoint_flow_key *key, struct endpoint_flow_key *next,
                   struct endpoint_flow *flow) {
  struct endpoint_flow_key at;
  for (;;) {
    if (bpf_map_get_next_key(map, key, next)) return errno == ENOENT ? 0 : -errno;
    if (bpf_map_lookup_elem(map, next, flow) == 0) return 1;
    at = *next;
    key = &at;
  }
}

int endpoint_counter_read(int map, __u32 counter, __u64 *sum) {
  int processors = libbpf_num_possible_cpus();
  if (processors < 0) return processors;
  __u64 *values = calloc(processors, sizeof *values);
  if (!values) return -ENOMEM;
  int result = bpf_map_lookup_elem(map, &counter, values) ? -errno : 0;
  *sum = 0;
  for (int index = 0; index < processors; index++) *sum += values[index];
  free(values);
  return result;
}

const char *endpoint_counter_name(__u32 counter) {
  static const char *const names[] = {
#define X(code, name, text) name,
      ENDPOINT_COUNTERS(X)
#undef X
  };
  return counter < ENDPOINT_COUNTER_COUNT ? names[counter] : NULL;
}

const char *endpoint_counter_text(__u32 counter) {
  static const char *const texts[] = {
#define X(code, name, text) text,
      ENDPOINT_COUNTERS(X)
#undef X
  };
  return counter < ENDPOINT_COUNTER_COUNT ? texts[counter] : NULL;
}

__u64 endpoint_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (__u64)now.tv_sec * 1000000000 + now.tv_nsec;
}

void endpoint_error_text(int error, char *text, size_t length) {
  libbpf_strerror(error, text, length);
}
