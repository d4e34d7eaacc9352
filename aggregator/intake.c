/* From records to verdicts: decode, insert raw, tell replays from duplicates, load, note what
 * became of each, dead letters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/pipeline_state.h"
#include "common/base/sabotage.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/base/xmalloc.h"

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void intake_deinit(struct pipeline *p)
{
    for (int i = 0; i < SLICES; i++) {
        struct slice *s = &p->slices[i];
        free(s->reading);
        free(s->target);
        entry_list_deinit(&s->load_windows);
        entry_list_deinit(&s->load_devices);
    }
    free(p->letter);
}

static struct stream_headers headers_of(const struct pipeline *p, const struct stream_record *r)
{
    const struct stream_port *stream = &p->ports.stream;
    return stream->headers ? stream->headers(stream->self, r)
                           : (struct stream_headers){.replay = span_of(NULL, 0)};
}

static struct dead_letter *add_letter(struct pipeline *p, const struct stream_record *r,
                                      const char *reason, const char *message)
{
    if (p->letters == p->letters_cap) {
        p->letters_cap = p->letters_cap ? p->letters_cap * 2 : 64;
        p->letter = xreallocarray(p->letter, p->letters_cap, sizeof *p->letter);
    }
    struct dead_letter *d = &p->letter[p->letters++];
    struct stream_headers headers = headers_of(p, r);
    *d = (struct dead_letter){
        .topic = p->config.topic,
        .partition = r->partition,
        .offset = r->offset,
        .record_ms = r->timestamp_ms,
        .key = r->key,
        .value = r->value,
        .traceparent = headers.traceparent,
        .replay = headers.replay,
        .reason = reason,
        .class = DEAD_POISON,
        .attempts = 1,
        .failed_at_ms = clock_wall_ms(&p->ports.clock),
        .worker = p->config.group,
    };
    snprintf(d->message, sizeof d->message, "%s", message);
    d->message[utf8_cut(span_str(d->message), sizeof d->message - 1)] = '\0';
    return d;
}

static void tell_dead(struct pipeline *p, const struct dead_letter *d)
{
    if (p->ports.observer.dead)
        p->ports.observer.dead(p->ports.observer.self, d);
}

static void add_poison(struct pipeline *p, const struct stream_record *r,
                       const struct reading_problems *problems)
{
    const struct reading_problem *first = &problems->item[0];
    char message[ERR_MESSAGE_MAX];
    if (first->field[0])
        snprintf(message, sizeof message, "%s: %s", first->field, first->message);
    else
        snprintf(message, sizeof message, "%s", first->message);
    tell_dead(p, add_letter(p, r, reading_problem_name(first->code), message));
}

/* A valid reading that the store does not take. */
static void add_refused(struct pipeline *p, const struct stream_record *r,
                        const struct sink_raw *raw)
{
    char message[ERR_MESSAGE_MAX];
    if (raw->exhausted)
        snprintf(message, sizeof message, "the store failed on it in %u attempts: %s (%d)",
                 raw->attempts, raw->store_error, raw->store_code);
    else
        snprintf(message, sizeof message, "the store refuses it: %s (%d)", raw->store_error,
                 raw->store_code);
    struct dead_letter *d = add_letter(p, r,
                                       raw->exhausted   ? "retries_exhausted"
                                       : raw->too_large ? "too_large"
                                                        : "store_refused",
                                       message);
    d->class = raw->exhausted ? DEAD_EXHAUSTED : DEAD_POISON;
    d->attempts = raw->attempts;
    tell_dead(p, d);
}

/* The rules look at the record alone, not at the clock, so that a replay decides the same again. */
static bool decode_record(struct pipeline *p, struct slice *s, const struct stream_record *r)
{
    struct reading *reading = &s->reading[s->raws];
    struct reading_rules rules = {
        .mode = READING_CANONICAL,
        .now_ms = r->timestamp_ms >= 0 ? r->timestamp_ms : TIMESTAMP_MAX_MS,
        .max_future_skew_ms = p->config.max_future_skew_ms,
    };
    struct reading_problems problems; /* decoding resets what counts of its two kilobytes */
    if (reading_decode(reading, r->value, &rules, &problems)) {
        add_poison(p, r, &problems);
        return false;
    }
    if (!reading->received_at_ms)
        reading->received_at_ms = r->timestamp_ms >= 0 ? r->timestamp_ms : reading->ts_ms;
    s->raw[s->raws] = (struct sink_raw){
        .reading = reading,
        .id = reading_id(reading),
        .partition = r->partition,
        .offset = r->offset,
    };
    if (SABOTAGED(BREAK_REPLAY_WITHOUT_ID))
        memcpy(&s->raw[s->raws].id, &r->offset, sizeof r->offset);
    s->raws++;
    return true;
}

int phase_decode(struct pipeline *p, struct err *e)
{
    (void)e;
    struct slice *s = slices_empty(p);
    if (!s->reading)
        s->reading = xcalloc(p->config.slice_records, sizeof *s->reading);
    s->in_use = true;
    s->records = s->raws = s->targets = 0;
    struct account *a = NULL;
    while (s->records < p->config.slice_records && p->next_record < p->poll.count) {
        size_t record = p->next_record++;
        const struct stream_record *r = &p->poll.records[record];
        if (!a || a->partition != r->partition) /* they come in runs of one partition */
            a = accounts_find(p, r->partition);
        if (!a)
            continue;
        if (!account_take(a, r->offset)) { /* within an assignment a log only goes forward */
            identity_log_went_back(p, r->partition, r->offset);
            return 0;
        }
        int raw = (int)s->raws;
        bool good = decode_record(p, s, r);
        s->record[s->records++] = (struct slice_record){
            .account = (size_t)(a - p->account),
            .offset = r->offset,
            .record = record,
            .raw = good ? raw : -1,
            .verdict = VERDICT_DEAD,
        };
    }
    insertion_begin(s);
    slices_next(p);
    return 0;
}

/* Never "it exists, so it is done": after a crash between the insert and the fold, the reading is
 * stored and not counted. Only the stored origin tells. */
int phase_read_origins(struct pipeline *p, struct err *e)
{
    struct slice *s = p->slice;
    struct sink_raw *exists[SLICE_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->raws; i++)
        if (s->raw[i].outcome == RAW_EXISTS)
            exists[n++] = &s->raw[i];
    if (n) {
        int rc = p->ports.sink.read_origins(p->ports.sink.self, exists, n, e);
        if (rc)
            return rc;
    }
    bool gone = false; /* expired between the two calls */
    for (size_t i = 0; i < n; i++)
        if (exists[i]->outcome == RAW_UNKNOWN) {
            insertion_again(s, (size_t)(exists[i] - s->raw));
            gone = true;
        }
    if (gone)
        slices_next(p);
    else
        folding_plan(p);
    return 0;
}

int intake_load_windows(struct pipeline *p, const struct entry_list *list, size_t *at,
                        struct err *e)
{
    struct sink_window items[CHUNK_MAX];
    struct window_entry *entries[CHUNK_MAX];
    size_t n = 0, next = *at;
    for (; next < list->count && n < CHUNK_MAX; next++) {
        struct window_entry *w = list->item[next];
        if (w->loaded)
            continue;     /* listed twice */
        w->loaded = true; /* so that it is read once; taken back if the read fails */
        entries[n] = w;
        items[n] = flush_window_item(p, w, n);
        n++;
    }
    int rc = n ? p->ports.sink.read_windows(p->ports.sink.self, items, n, e) : 0;
    for (size_t i = 0; i < n; i++)
        if (rc)
            entries[i]->loaded = false;
        else if (items[i].found)
            window_table_pack(&p->cache.windows, entries[i], items[i].window);
    if (rc == 0)
        *at = next;
    return rc;
}

int phase_load_windows(struct pipeline *p, struct err *e)
{
    struct slice *s = p->slice;
    int rc = intake_load_windows(p, &s->load_windows, &s->load_at, e);
    if (rc == 0 && s->load_at == s->load_windows.count) {
        s->load_at = 0;
        p->phase = PHASE_LOAD_DEVICES;
    }
    return rc;
}

int phase_load_devices(struct pipeline *p, struct err *e)
{
    struct slice *s = p->slice;
    struct sink_device items[CHUNK_MAX];
    struct device_entry *entries[CHUNK_MAX];
    size_t n = 0, at = s->load_at;
    for (; at < s->load_devices.count && n < CHUNK_MAX; at++) {
        struct device_entry *d = s->load_devices.item[at];
        if (d->loaded)
            continue;
        d->loaded = true;
        entries[n] = d;
        items[n] = flush_device_item(p, d, n);
        n++;
    }
    int rc = n ? p->ports.sink.read_devices(p->ports.sink.self, items, n, e) : 0;
    for (size_t i = 0; i < n; i++)
        if (rc)
            entries[i]->loaded = false;
        else if (items[i].found)
            device_table_pack(&p->cache.devices, entries[i], items[i].state);
    if (rc)
        return rc;
    s->load_at = at;
    if (at == s->load_devices.count)
        p->phase = PHASE_FOLD;
    return 0;
}

static enum verdict judge_raw(struct pipeline *p, const struct sink_raw *r)
{
    if (r->outcome == RAW_STORED)
        return VERDICT_STORED;
    if (r->outcome == RAW_REFUSED)
        return VERDICT_DEAD;
    if (insertion_is_ours(r)) {
        count(&p->stats.replayed, 1);
        return VERDICT_STORED;
    }
    count(&p->stats.duplicates, 1);
    if (!r->same_contents) {
        count(&p->stats.conflicts, 1);
        if (p->ports.observer.conflict)
            p->ports.observer.conflict(p->ports.observer.self, r);
    }
    return VERDICT_DUPLICATE;
}

/* Only the last record of each partition is ever asked for, so only that one is hashed: seen from
 * the end, it is the one ahead of what its account knows. */
static void mark_last(struct pipeline *p)
{
    for (size_t i = p->slice->records; i-- > 0;) {
        const struct slice_record *r = &p->slice->record[i];
        const struct stream_record *record = &p->poll.records[r->record];
        struct account *a = &p->account[r->account];
        if (!a->last_hash || a->last_offset < r->offset)
            account_mark(a, r->offset,
                         stream_record_hash(record->key, record->value, record->timestamp_ms));
    }
}

static void note_verdicts(struct pipeline *p)
{
    struct slice *s = p->slice;
    int64_t now_ms = clock_wall_ms(&p->ports.clock);
    uint64_t monotonic_ms = clock_monotonic_ms(&p->ports.clock), stored = 0;
    for (size_t i = 0; i < s->records; i++) {
        struct slice_record *r = &s->record[i];
        struct account *a = &p->account[r->account];
        if (r->raw >= 0) {
            const struct sink_raw *raw = &s->raw[r->raw];
            r->verdict = judge_raw(p, raw);
            stored += raw->outcome == RAW_STORED;
            if (raw->outcome == RAW_REFUSED)
                add_refused(p, &p->poll.records[r->record], raw);
            else
                account_see_time(a, raw->reading->ts_ms, now_ms);
        }
        account_note(a, r->offset, r->verdict);
        a->last_record_ms = monotonic_ms;
    }
    mark_last(p);
    count(&p->stats.stored, stored);
    count(&p->stats.records, s->records);
    if (s->records)
        accounts_note_behind(p);
}

int phase_fold(struct pipeline *p, struct err *e)
{
    (void)e;
    folding_fold(p);
    note_verdicts(p);
    slices_settled(p);
    if (p->inserting && flush_due(p, clock_monotonic_ms(&p->ports.clock)))
        p->phase = PHASE_LETTERS; /* the store has two things to do at once */
    else
        slices_next(p);
    return 0;
}

int phase_letters(struct pipeline *p, struct err *e)
{
    if (p->letters) {
        int rc = p->ports.letters.send(p->ports.letters.self, p->letter, p->letters, e);
        if (rc && !SABOTAGED(BREAK_LETTER_WITHOUT_REPORT))
            return rc;
        count(&p->stats.dead, p->letters);
        p->letters = 0;
    }
    if (!slices_over(p)) {
        flush_begin(p);
        return 0;
    }
    if (p->ports.observer.batch)
        p->ports.observer.batch(p->ports.observer.self, p->poll.count,
                                clock_monotonic_ns(&p->ports.clock) - p->batch_started_ns);
    slices_release(p);
    p->phase = PHASE_POLL;
    return 0;
}
