/* GET /ping: what clients of InfluxDB ask before they write. */
#include "ingest/ping.h"

#include <stdio.h>

#include "common/app/version.h"
#include "common/http/handler.h"

static bool is_verbose(struct http_exchange *ex)
{
    unsigned count;
    struct span value = http_query_get(http_exchange_head(ex)->query, "verbose", &count);
    return value.len > 0 && !span_is(value, "0") && !span_is(value, "false");
}

static void ping(struct http_exchange *ex, void *arg)
{
    (void)arg;
    char headers[80], body[80];
    bool verbose = is_verbose(ex);
    snprintf(headers, sizeof headers, "X-Influxdb-Version: weir-%s\r\n", version_number());
    int len = snprintf(body, sizeof body, "{\"version\":\"weir-%s\"}", version_number());
    http_reply(ex, &(struct http_answer){.status = verbose ? 200 : 204,
                                         .headers = headers,
                                         .body = span_of(body, verbose ? (size_t)len : 0)});
}

const struct http_route ping_route = {
    .method = HTTP_GET, .path = "/ping", .handler = ping, .vital = true};
