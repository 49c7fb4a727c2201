#include "endpoint_program.h"

#include "hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

static int has_name(__u32 program, const char *name) {
  int descriptor = bpf_prog_get_fd_by_id(program);
  if (descriptor < 0) return 0;
  struct bpf_prog_info info = {};
  __u32 length = sizeof info;
  int result = bpf_obj_get_info_by_fd(descriptor, &info, &length);
  close(descriptor);
  return result == 0 && strcmp(info.name, name) == 0;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments) {
  (void)level, (void)format, (void)arguments;
  return 0;
}

int endpoint_attachment_read(int interface, struct endpoint_attachment *attachment) {
  memset(attachment, 0, sizeof *attachment);
  libbpf_set_print(quiet);

  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  int result = bpf_xdp_query(interface, 0, &query);
  if (result) return result;
  // Programs of both modes may stand there; the native one is asked first, as it runs first.
  if (query.drv_prog_id || query.hw_prog_id) {
    attachment->mode = ENDPOINT_MODE_NATIVE;
    attachment->learn = query.drv_prog_id ? query.drv_prog_id : query.hw_prog_id;
  } else if (query.skb_prog_id) {
    attachment->mode = ENDPOINT_MODE_GENERIC;
    attachment->learn = query.skb_prog_id;
  }
  attachment->learn_is_ours = attachment->learn && has_name(attachment->learn, "tagline_learn");

  result = hook_read(interface);
  if (result < 0) return result;
  attachment->hook = result;
  if (attachment->hook == ENDPOINT_HOOK_NONE) return 0;
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = BPF_TC_EGRESS);
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
  result = bpf_tc_query(&hook, &options);
  if (result == 0) {
    attachment->push = options.prog_id;
    attachment->push_is_ours = has_name(options.prog_id, "tagline_push");
  }
  // EINVAL is also the kernel's word for a hook that never had a filter.
  return result == 0 || result == -ENOENT || result == -EINVAL ? 0 : result;
}

static __u32 flags_of(enum endpoint_mode mode) {
  return mode == ENDPOINT_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

int endpoint_learn_attach(int interface, enum endpoint_mode mode, int program, __u32 replaced) {
  libbpf_set_print(quiet);
  if (!replaced)
    return bpf_xdp_attach(interface, program, flags_of(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
  int old = bpf_prog_get_fd_by_id(replaced);
  if (old < 0) return -errno;
  LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = old);
  int result = bpf_xdp_attach(interface, program, flags_of(mode) | XDP_FLAGS_REPLACE, &options);
  close(old);
  return result;
}

int endpoint_learn_detach(int interface, enum endpoint_mode mode, __u32 id) {
  libbpf_set_print(quiet);
  int old = bpf_prog_get_fd_by_id(id);
  if (old < 0) return -errno;
  LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = old);
  int result = bpf_xdp_detach(interface, flags_of(mode) | XDP_FLAGS_REPLACE, &options);
  close(old);
  return result;
}

int endpoint_push_attach(int interface, int program) {
  libbpf_set_print(quiet);
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = BPF_TC_EGRESS);
  int result = bpf_tc_hook_create(&hook);
  if (result && result != -EEXIST) return result;
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
              .prog_fd = program, .flags = BPF_TC_F_REPLACE);
  return bpf_tc_attach(&hook, &options);
}

int endpoint_push_detach(int interface) {
  libbpf_set_print(quiet);
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = BPF_TC_EGRESS);
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
  return bpf_tc_detach(&hook, &options);
}

int endpoint_hook_remove(int interface) {
  libbpf_set_print(quiet);
  int egress = hook_count_filters(interface, HOOK_EGRESS);
  if (egress < 0) return egress;
  int ingress = hook_count_filters(interface, HOOK_INGRESS);
  if (ingress < 0) return ingress;
  if (egress || ingress) return 1;
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface,
              .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
  return bpf_tc_hook_destroy(&hook);
}
