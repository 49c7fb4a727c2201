#include "netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The kernel makes dump messages of up to 32 KiB.
enum { ANSWER_LENGTH = 65536 };

void netlink_add(struct nlmsghdr *message, unsigned short type, const void *data, size_t length) {
  struct rtattr *attribute = (void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  memcpy(RTA_DATA(attribute), data, length);
  message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

// Reads datagrams until the answer is complete.
static int read_answer(int socket, char *buffer, int is_dump, netlink_reader reader,
                       void *context) {
  for (;;) {
    ssize_t received = recv(socket, buffer, ANSWER_LENGTH, 0);
    if (received < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    unsigned int left = received;
    for (struct nlmsghdr *message = (void *)buffer; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) {
        int error = message->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(message) : 0;
        return error < 0 ? error : 0;
      }
      if (message->nlmsg_type == NLMSG_ERROR)
        return ((struct nlmsgerr *)NLMSG_DATA(message))->error;
      if (reader) {
        int result = reader(message, context);
        if (result) return result;
      }
      if (!is_dump && !(message->nlmsg_flags & NLM_F_MULTI) && reader) return 0;
    }
  }
}

int netlink_request(struct nlmsghdr *request, netlink_reader reader, void *context) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -errno;
  char *buffer = malloc(ANSWER_LENGTH);
  int result = -ENOMEM;
  if (buffer) {
    // The kernel then applies the filters of a dump, or refuses those that it does not know.
    int on = 1;
    setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    request->nlmsg_flags |= NLM_F_REQUEST;
    if (send(descriptor, request, request->nlmsg_len, 0) < 0) result = -errno;
    else
      result = read_answer(descriptor, buffer, (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP,
                           reader, context);
  }
  free(buffer);
  close(descriptor);
  return result;
}

const struct rtattr *netlink_find(const struct rtattr *first, int left, unsigned short type) {
  for (const struct rtattr *attribute = first; RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == type) return attribute;
  }
  return NULL;
}
