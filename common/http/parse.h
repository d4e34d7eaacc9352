/* The parts of the request parser that stand in files of their own. */
#ifndef WEIR_HTTP_PARSE_H
#define WEIR_HTTP_PARSE_H

#include "common/http/request.h"

/* Fills the refusal and returns -1, so that a check is one line. */
static inline int http_refuse(struct http_refusal *refusal, int status, const char *reason)
{
    refusal->status = status;
    refusal->reason = reason;
    return -1;
}

/* Sets path, query and, for an absolute target, host from h->target. 0, or -1 when refused. */
int http_parse_target(struct http_head *h, struct http_refusal *refusal);

/* uri-host [":" port] of RFC 9110 section 7.2, not empty. */
bool http_host_valid(struct span host);

/* Splits the field lines in `lines` (each ends in CRLF) into h->header and derives framing,
 * connection, expectation and host. 0, or -1 when refused. */
int http_parse_fields(struct http_head *h, struct span lines, const struct http_limits *limits,
                      struct http_refusal *refusal);

#endif
