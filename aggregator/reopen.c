/* Windows that were open when their aggregator died, and get no further reading: nobody in memory
 * knows of them, so the store is asked, a partition and a bounded number at a time. Those that are
 * due are loaded, and become final the way all others do. */
#include "aggregator/pipeline_state.h"

/* The second search comes soon: by then it has shown which of the new partitions are idle. */
enum { SECOND_MS = 10000, SEARCH_MS = 60000, FOUND_MAX = 200 };

/* Only while nothing waits to be written: what was found last is final in the store then, and is
 * not found again. */
bool reopen_due(struct pipeline *p, uint64_t now_ms)
{
    if (accounts_behind(p) || p->accounts == 0)
        return false;
    if (p->open_at >= p->accounts) {
        if (now_ms < p->open_search_ms)
            return false;
        p->open_at = 0;
        p->open_search_ms = now_ms + (p->open_search_ms ? SEARCH_MS : SECOND_MS);
    }
    return true;
}

static void note_found(struct pipeline *p, const struct sink_key *key)
{
    struct device_entry *d = window_cache_device(&p->cache, span_str(key->device_id));
    struct window_entry *w =
        window_cache_window(&p->cache, d, span_str(key->sensor), key->start_ms);
    if (!w->loaded || !w->dirty)
        entry_list_add(&p->slice->load_windows, w);
}

int phase_find_open(struct pipeline *p, struct err *e)
{
    int32_t partition = p->account[p->open_at].partition;
    int64_t mark = flush_watermark(p, partition);
    struct sink_key found[FOUND_MAX];
    size_t count = 0;
    if (mark != INT64_MIN) {
        int64_t until_ms = mark - p->config.window_ms - p->config.grace_ms;
        int rc = p->ports.sink.find_open(p->ports.sink.self, partition, until_ms, found, FOUND_MAX,
                                         &count, e);
        if (rc)
            return rc;
    }
    p->slice->load_windows.count = p->slice->load_at = 0;
    for (size_t i = 0; i < count; i++)
        note_found(p, &found[i]);
    p->open_found = count;
    p->phase = PHASE_LOAD_OPEN;
    return 0;
}

int phase_load_open(struct pipeline *p, struct err *e)
{
    struct slice *s = p->slice;
    int rc = intake_load_windows(p, &s->load_windows, &s->load_at, e);
    if (rc || s->load_at < s->load_windows.count)
        return rc;
    size_t before = p->cache.dirty_windows.count;
    struct window_clock clock = flush_window_clock(p);
    for (size_t i = 0; i < s->load_windows.count; i++)
        window_cache_finalize(&p->cache, s->load_windows.item[i], &clock);
    s->load_windows.count = s->load_at = 0;
    bool progress = p->cache.dirty_windows.count > before;
    if (progress)
        accounts_note_behind(p);
    if (p->open_found < FOUND_MAX || !progress)
        p->open_at++;
    p->phase = PHASE_POLL;
    return 0;
}
