/* Takes requests off a connection's bytes: head, admission, body, handler. */
#ifndef WEIR_HTTP_INTAKE_H
#define WEIR_HTTP_INTAKE_H

#include "common/http/request.h"

struct connection;

/* How far the request at the front of the bytes has come. All zero: nothing of it is here. */
struct intake {
    bool begun;          /* its first byte is here */
    uint64_t started_ns; /* when that came */
    int64_t until_ms;    /* by when head, then body must be complete */
    size_t from;         /* memory of http_parse_head */
    size_t head_bytes;   /* 0 until the head is complete */
    bool admitted;       /* the route was asked, and lets the body come */
    enum http_framing framing;
    size_t body_bytes; /* announced, or decoded so far: decoded chunks lie right behind the head */
    int64_t body_from_ms;
    struct http_chunked chunked;
};

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
