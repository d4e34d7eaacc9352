/* Answers that go on: a head now, bytes as they come, and the end of the connection as their end.
 */
#include "common/http/connection_state.h"
#include "common/http/core.h"
#include "common/http/exchange.h"
#include "common/http/handler.h"
#include "common/http/output.h"

bool http_stream_begin(struct http_exchange *ex, const struct http_answer *a,
                       void (*gone)(void *arg), void *arg)
{
    struct connection *c = ex->connection;
    if (!c) {
        http_reply(ex, a);
        return false;
    }
    ex->endless = true;
    ex->gone = gone;
    ex->gone_arg = arg;
    if (c->phase == CONNECTION_OPEN)
        c->phase = CONNECTION_CLOSING; /* no request can be answered behind this one */
    http_reply(ex, a);
    return true;
}

/* The answers before this one are not out yet. */
static bool waits_for_its_turn(const struct http_exchange *ex)
{
    return ex->connection->front != ex;
}

static void keep_more(struct http_exchange *ex, struct span bytes)
{
    size_t headers = ex->answer.headers ? strlen(ex->answer.headers) + 1 : 0;
    buf_span(&ex->kept, bytes);
    ex->answer.headers = headers ? ex->kept.data : NULL;
    ex->answer.body = span_of(ex->kept.data + headers, ex->kept.len - headers);
}

bool http_stream_send(struct http_exchange *ex, struct span bytes)
{
    struct connection *c = ex->connection;
    bool waits = waits_for_its_turn(ex);
    size_t pending = waits ? ex->kept.len : connection_pending(c);
    if (ex->method == HTTP_HEAD)
        return true;
    if (pending + bytes.len > OUTPUT_HIGH_BYTES)
        return false;
    ex->server->buffered += bytes.len;
    if (waits) {
        keep_more(ex, bytes);
        return true;
    }
    buf_span(&c->out, bytes);
    ex->answer_bytes += bytes.len;
    server_touch(c);
    return true;
}

void http_stream_end(struct http_exchange *ex)
{
    struct connection *c = ex->connection;
    ex->ended = true;
    if (waits_for_its_turn(ex))
        return;
    c->streaming = false;
    exchange_rendered(ex);
    server_touch(c);
}
