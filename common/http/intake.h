/* Takes requests off a connection's bytes: head, admission, body, handler. */
#ifndef WEIR_HTTP_INTAKE_H
#define WEIR_HTTP_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

struct connection;

/* Unconsumed bytes. They are written to: chunks are decoded in place. */
struct intake_bytes {
    char *p;
    size_t len;
};

/* Whether another request may be taken now. */
bool intake_may(const struct connection *c);

/* Takes what is complete and moves `bytes` on; sets c->paused when more could be taken later. */
void intake_run(struct connection *c, struct intake_bytes *bytes);

/* Refuses the request at the front of `bytes`, in the style of its route when that is known. */
void intake_refuse(struct connection *c, const char *bytes, int status, const char *code,
                   const char *detail);

/* Bytes that the incomplete request will hold in memory. */
size_t intake_holds(const struct connection *c);

#endif
