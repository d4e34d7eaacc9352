/* Where the requests go: the base URL, taken apart and resolved. */
#ifndef WEIR_LOAD_TARGET_H
#define WEIR_LOAD_TARGET_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum { TARGET_ADDRESSES_MAX = 8, TARGET_HOST_MAX = 256, TARGET_PORT_MAX = 6 };

struct target_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

struct target {
    char host[TARGET_HOST_MAX]; /* without the brackets of an IPv6 address */
    char port[TARGET_PORT_MAX]; /* decimal */
    struct span authority;      /* borrowed from the URL: for the Host field */
    struct span prefix;         /* borrowed: path of the URL without a final '/' */
    struct target_address address[TARGET_ADDRESSES_MAX];
    unsigned addresses;
    unsigned preferred; /* the address that answered last */
};

/* Takes "http://host[:port][/path]" apart. Pure. */
WEIR_MUST_CHECK int target_parse(struct target *t, const char *url, struct err *e);

/* Looks the addresses up (blocks). Refuses those that are not loopback unless `allow_remote`. */
WEIR_MUST_CHECK int target_resolve(struct target *t, bool allow_remote, struct err *e);

/* 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104. */
bool target_is_loopback(const struct sockaddr *addr);

#endif
