/* The guard of a loop: lets a request in, or answers it. */
#include "common/auth/guard.h"

#include <stdio.h>

#include "common/auth/access.h"

struct metric *guard_metric(struct metrics *m)
{
    return metrics_add(m, METRIC_COUNTER, "weir_auth_refused_total",
                       "Requests, and readings of a batch, that a key did not allow.", "reason");
}

void guard_init(struct guard *g, struct key_store *keys, const struct clock *clock,
                struct metric *refused)
{
    *g = (struct guard){.clock = clock, .refused = refused};
    key_reader_init(&g->keys, keys);
}

void guard_deinit(struct guard *g)
{
    if (g->keys.store)
        key_reader_deinit(&g->keys);
}

static void refuse(struct http_exchange *ex, const struct access_answer *a, enum scope need)
{
    char detail[64];
    snprintf(detail, sizeof detail, "The key does not have the scope \"%s\"", scope_name(need));
    http_reply_problem(
        ex, &(struct http_problem){
                .status = a->status,
                .code = a->code,
                .detail = a->detail ? a->detail : detail,
                .headers = a->status == 401 ? "WWW-Authenticate: Bearer realm=\"weir\"\r\n" : NULL,
            });
}

bool guard_admit(struct guard *g, struct http_exchange *ex, enum scope need,
                 const struct key_record **key)
{
    enum access access = access_check(key_reader_table(&g->keys), http_exchange_head(ex), need,
                                      clock_wall_ms(g->clock), key);
    if (access == ACCESS_GRANTED)
        return true;
    const struct access_answer *a = access_answer(access);
    metric_inc(g->refused, METRIC_LABELS(a->reason));
    refuse(ex, a, need);
    return false;
}

void guard_count_forbidden(struct guard *g)
{
    metric_inc(g->refused, METRIC_LABELS("device"));
}
