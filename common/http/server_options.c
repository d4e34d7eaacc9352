/* The defaults of an HTTP server's limits, and which of them cannot be. */
#include "common/http/server_options.h"

struct http_server_options http_server_defaults(const char *listen)
{
    return (struct http_server_options){
        .listen = listen,
        .limits = {.request_line_bytes = 8192, .head_bytes = 16384, .body_bytes = 1 << 20},
        .max_connections = 20000,
        .max_pipelined = 64,
        .max_in_flight = 10000,
        .max_buffered_bytes = 256u << 20,
        .header_deadline_ms = 10000,
        .body_deadline_ms = 10000,
        .body_min_rate_bytes_s = 1024,
        .idle_ms = 60000,
        .write_deadline_ms = 20000,
    };
}

int http_server_options_check(const struct http_server_options *o, struct err *e)
{
    if (o->max_pipelined == 0 || o->max_connections == 0 || o->max_in_flight == 0 ||
        o->body_min_rate_bytes_s <= 0)
        return err_set(e, ERR_INVALID, "HTTP limits must be positive");
    return 0;
}
