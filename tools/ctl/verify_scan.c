/* One pass over readings, windows and last states, side by side, in the order of devices and,
 * within a device, of time: never more than one minute of one device is held. */
#include <mongoc/mongoc.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tools/ctl/documents.h"
#include "tools/ctl/verify_documents.h"
#include "tools/ctl/verify_scan.h"
#include "tools/ctl/verify_settle.h"

enum { BATCH = 5000 };

/* A sorted stream of documents; what the first of it is about. */
struct stream {
    struct documents from;
    struct span device;
    int64_t at_ms;
    char last_device[READING_DEVICE_ID_MAX + 1];
    int64_t last_ms;
};

struct scan {
    struct verify *v;
    struct stream raw, windows, devices;
    struct reading reading; /* of raw.from.doc */
    struct document_origin origin;
    struct verify_window_key key; /* of windows.from.doc */
    struct minute minute;
    char device[READING_DEVICE_ID_MAX + 1]; /* the one in hand */
};

/* --- streams ---------------------------------------------------------------------------------- */

static void open_stream(struct stream *s, struct verify *v, const char *collection,
                        const char *device_field, const char *time_field)
{
    bson_t *filter, *opts = BCON_NEW("batchSize", BCON_INT32(BATCH)), sort;
    bool timed = time_field != NULL;
    filter =
        timed ? verify_filter(span_str(v->device), time_field, v->from_ms, v->to_ms) : bson_new();
    if (!timed && v->device)
        BSON_APPEND_UTF8(filter, device_field, v->device);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "sort", &sort);
    BSON_APPEND_INT32(&sort, device_field, 1);
    if (timed)
        BSON_APPEND_INT32(&sort, time_field, -1);
    bson_append_document_end(opts, &sort);
    documents_open(&s->from, &v->reach, collection, filter, opts);
}

/* The merge stands on the order: a store that sorts otherwise must not look like lost readings. */
static int check_order(struct stream *s, struct err *e)
{
    int order = verify_compare(span_str(s->last_device), s->device);
    if (order > 0 || (order == 0 && s->last_ms < s->at_ms))
        return err_set(e, ERR_FAILED, "%s came out of order from the store", s->from.name);
    if (order != 0)
        span_copy(s->device, s->last_device, sizeof s->last_device);
    s->last_ms = s->at_ms;
    return 0;
}

static int next_raw(struct scan *s, struct err *e)
{
    struct verify *v = s->v;
    int rc;
    while ((rc = documents_next(&s->raw.from, e)) == 0 && s->raw.from.doc) {
        if (document_raw_decode(s->raw.from.doc, &s->reading, &s->origin) &&
            s->reading.device_id.len <= READING_DEVICE_ID_MAX) {
            s->raw.device = s->reading.device_id;
            s->raw.at_ms = s->reading.ts_ms;
            v->readings++;
            return check_order(&s->raw, e);
        }
        verify_tell_stranger(&v->findings, "reading", s->raw.from.doc);
    }
    return rc;
}

static int next_window(struct scan *s, struct err *e)
{
    int rc;
    while ((rc = documents_next(&s->windows.from, e)) == 0 && s->windows.from.doc) {
        if (verify_window_key(s->windows.from.doc, &s->key) && s->key.right_id) {
            s->windows.device = s->key.device;
            s->windows.at_ms = s->key.start_ms;
            s->v->windows++;
            return check_order(&s->windows, e);
        }
        verify_tell_stranger(&s->v->findings, "window", s->windows.from.doc);
    }
    return rc;
}

static int next_device(struct scan *s, struct err *e)
{
    bson_iter_t iter;
    uint32_t len;
    int rc;
    while ((rc = documents_next(&s->devices.from, e)) == 0 && s->devices.from.doc) {
        if (bson_iter_init_find(&iter, s->devices.from.doc, "_id") && BSON_ITER_HOLDS_UTF8(&iter)) {
            const char *id = bson_iter_utf8(&iter, &len);
            s->devices.device = span_of(id, len);
            s->v->devices++;
            if (len <= READING_DEVICE_ID_MAX)
                return check_order(&s->devices, e);
        }
        verify_tell_stranger(&s->v->findings, "device", s->devices.from.doc);
    }
    return rc;
}

/* --- the merge -------------------------------------------------------------------------------- */

static bool is_here(const struct scan *s, const struct stream *stream)
{
    return stream->from.doc && span_is(stream->device, s->device);
}

static int64_t start_of(const struct scan *s)
{
    return window_start(s->raw.at_ms, WINDOW_DEFAULT_MS);
}

static void tick(struct scan *s)
{
    struct verify *v = s->v;
    if (v->readings % 1024 == 0)
        progress_tick(&v->progress, v->readings, clock_monotonic_ms(&v->clock));
}

/* Stored windows first: they say how far they reach. */
static int fill_minute(struct scan *s, struct device_state *want, const struct device_state *have,
                       struct err *e)
{
    int rc = 0;
    int64_t start = s->minute.start_ms;
    while (rc == 0 && is_here(s, &s->windows) && s->windows.at_ms == start) {
        verify_take_window(&s->minute, s->windows.from.doc, &s->key);
        rc = next_window(s, e);
    }
    while (rc == 0 && is_here(s, &s->raw) && start_of(s) == start) {
        recount_note(&s->v->recount, &s->reading, s->origin.partition, s->origin.offset);
        minute_fold(&s->minute, &s->v->recount, &s->reading, s->origin.partition, s->origin.offset);
        recount_device(want, have, &s->v->recount, &s->reading, s->origin.partition,
                       s->origin.offset);
        tick(s);
        rc = next_raw(s, e);
    }
    return rc;
}

/* What has expired is not looked at again, for that may be most of what is stored. */
static bool needs_second_look(struct verify *v, const struct minute *m)
{
    struct difference d;
    uint64_t expired = 0;
    for (unsigned i = 0; i < m->count; i++) {
        if (!verify_window_differs(&m->item[i], &d))
            continue;
        if (!verify_window_has_expired(v, &m->item[i]))
            return true;
        expired++;
    }
    v->expired += expired;
    return false;
}

static int scan_minute(struct scan *s, struct device_state *want, const struct device_state *have,
                       struct err *e)
{
    bool raw = is_here(s, &s->raw), window = is_here(s, &s->windows);
    int64_t start = raw ? start_of(s) : INT64_MIN;
    if (window && (!raw || s->windows.at_ms > start))
        start = s->windows.at_ms;
    minute_begin(&s->minute, start);
    int rc = fill_minute(s, want, have, e);
    if (rc == 0 && needs_second_look(s->v, &s->minute))
        rc = verify_settle_minute(s->v, span_str(s->device), start, e);
    return rc;
}

static int scan_states(struct scan *s, struct device_state *have, struct device_state *want,
                       struct err *e)
{
    bool readable = true;
    int rc = 0;
    if (is_here(s, &s->devices)) {
        readable = document_device_decode(s->devices.from.doc, have);
        rc = next_device(s, e);
    }
    while (rc == 0 && (is_here(s, &s->raw) || is_here(s, &s->windows)))
        rc = scan_minute(s, want, have, e);
    struct difference d;
    if (rc || !verify_has_all_times(s->v) || (readable && !device_differs(have, want, &d)))
        return rc;
    if (!readable || !verify_device_has_expired(s->v, have, want))
        return verify_settle_device(s->v, span_str(s->device), e);
    s->v->expired++;
    return 0;
}

static int scan_device(struct scan *s, struct err *e)
{
    struct device_state have, want;
    device_state_init(&have, span_str(s->device));
    device_state_init(&want, span_str(s->device));
    int rc = scan_states(s, &have, &want, e);
    device_state_deinit(&have);
    device_state_deinit(&want);
    return rc;
}

/* The first device of any stream. False at the end of all. */
static bool choose_device(struct scan *s)
{
    const struct stream *all[] = {&s->raw, &s->windows, &s->devices}, *first = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->from.doc && (!first || verify_compare(all[i]->device, first->device) < 0))
            first = all[i];
    if (!first)
        return false;
    span_copy(first->device, s->device, sizeof s->device);
    return true;
}

static void estimate_total(struct verify *v, mongoc_collection_t *raw)
{
    bson_error_t error;
    int64_t n = verify_is_whole(v)
                    ? mongoc_collection_estimated_document_count(raw, NULL, NULL, NULL, &error)
                    : 0;
    v->progress.total = n > 0 ? (uint64_t)n : 0;
}

int verify_scan(struct verify *v, struct err *e)
{
    struct scan *s = xcalloc(1, sizeof *s);
    const struct settings_mongo *m = &v->settings.mongo;
    s->v = v;
    open_stream(&s->raw, v, m->raw_collection, "device_id", "ts");
    open_stream(&s->windows, v, m->agg_collection, "device_id", "timestamp");
    open_stream(&s->devices, v, STORE_DEVICES, "_id", NULL);
    estimate_total(v, s->raw.from.collection);
    int rc = next_raw(s, e);
    if (rc == 0)
        rc = next_window(s, e);
    if (rc == 0 && verify_has_all_times(v))
        rc = next_device(s, e);
    while (rc == 0 && choose_device(s))
        rc = scan_device(s, e);
    minute_deinit(&s->minute);
    documents_close(&s->raw.from);
    documents_close(&s->windows.from);
    documents_close(&s->devices.from);
    free(s);
    return rc;
}
