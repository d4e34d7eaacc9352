/* What --probe asks: an address and a path. */
#ifndef WEIR_HTTP_PROBE_TARGET_H
#define WEIR_HTTP_PROBE_TARGET_H

#include <stdint.h>

#include "common/base/err.h"

enum { PROBE_HOST_MAX = 64, PROBE_PATH_MAX = 512 };

struct probe_target {
    char host[PROBE_HOST_MAX]; /* a numeric address: asking a resolver has no deadline */
    uint16_t port;
    char path[PROBE_PATH_MAX]; /* begins with '/' */
};

/* Takes "http://ADDRESS[:PORT][/PATH]", port 80 by default, or "/PATH", which is asked at `listen`
 * (HOST:PORT, :PORT or PORT; any address is asked at the loopback one). ADDRESS is an IPv4 address,
 * an IPv6 one in brackets, or "localhost" for 127.0.0.1. ERR_INVALID says what is wrong. */
WEIR_MUST_CHECK int probe_target_parse(struct probe_target *t, const char *text, const char *listen,
                                       struct err *e);

#endif
