/* The listening socket: accepts connections, and waits when the process is out of descriptors. */
#ifndef WEIR_HTTP_LISTENER_H
#define WEIR_HTTP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct http_server;
struct listener;

/* `address` as in http_server_options. */
WEIR_MUST_CHECK int listener_new(struct listener **out, struct http_server *s, const char *address,
                                 bool reuse_port, struct err *e);
uint16_t listener_port(const struct listener *l);
void listener_free(struct listener *l);

#endif
