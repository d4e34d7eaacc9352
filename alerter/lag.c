/* The lag of the group, asked for one partition at a time. */
#include "alerter/lag.h"

enum {
    ROUND_MS = 10000, /* each partition is asked about this often */
    PAUSE_MS = 30000, /* after a failure: a request may block for seconds */
};

static void forget_gone(struct alerter_lag *lag, const struct alert_partitions *owned)
{
    for (size_t i = 0; i < lag->shown.count; i++)
        if (!alert_partitions_has(owned, lag->shown.number[i]))
            alerter_observe_lag(lag->observe, lag->shown.number[i], -1);
    lag->shown = *owned;
}

void alerter_lag_turn(struct alerter_lag *lag, const struct alert_partitions *owned, int64_t now_ms)
{
    if (now_ms < lag->next_ms)
        return;
    forget_gone(lag, owned);
    lag->next_ms = now_ms + ROUND_MS / (int64_t)(owned->count ? owned->count : 10);
    if (owned->count == 0)
        return;
    int32_t partition = owned->number[lag->at++ % owned->count];
    int64_t next_offset, start, end;
    struct err e = {0};
    if (lag->stream.position(lag->stream.self, partition, &next_offset, &start, &end, &e) != 0) {
        lag->next_ms = now_ms + PAUSE_MS;
        return;
    }
    int64_t from = next_offset > start ? next_offset : start; /* what expired is not waiting */
    alerter_observe_lag(lag->observe, partition, end > from ? end - from : 0);
}
