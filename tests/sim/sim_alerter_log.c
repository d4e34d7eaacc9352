/* The simulated log and consumer group: partitions move, members freeze, commits are fenced. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"
#include "tests/sim/sim_alerter_world.h"

enum { EVERYTHING = (1u << SIM_PARTITIONS) - 1 };

/* --- Records ---------------------------------------------------------------------------------- */

static struct sim_record *append(struct sim_partition *p)
{
    if (p->records == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 64;
        p->record = xreallocarray(p->record, p->cap, sizeof *p->record);
    }
    struct sim_record *r = &p->record[p->records++];
    memset(r, 0, sizeof *r);
    return r;
}

static void draw_values(struct sim_world *w, struct sim_record *r)
{
    static const double temperatures[] = {20, 50, 50.5, 61, 75, -10, -10.5, -12.5, -40};
    static const double humidities[] = {50, 80, 81, 99, 20, 19.5, 3};
    unsigned *mood = &w->device_mood[r->device];
    if (rng_below(&w->rng, 3) == 0)
        *mood = rng_below(&w->rng, 4); /* a device stays well or ill for a while */
    r->temperature = *mood & 1 ? temperatures[rng_below(&w->rng, 9)] : 21;
    r->humidity = *mood & 2 ? humidities[rng_below(&w->rng, 7)] : 50;
    r->has_humidity = rng_below(&w->rng, 4) != 0;
}

static void draw_times(struct sim_world *w, struct sim_record *r)
{
    int64_t *newest = &w->device_ts_ms[r->device];
    r->ts_ms = *newest += rng_below(&w->rng, 4) == 0 ? 0 : 1000;
    if (rng_below(&w->rng, 8) == 0)
        r->ts_ms -= 1000 * (int64_t)rng_below(&w->rng, 5); /* late */
    r->timestamp_ms = r->server_ms = *newest + 500;
    r->too_old = rng_below(&w->rng, 15) == 0;
    if (r->too_old)
        r->server_ms = r->ts_ms + SIM_MAX_AGE_MS + 1;
}

static void write_json(struct sim_world *w, struct sim_record *r)
{
    char ts[TIMESTAMP_TEXT_MAX], received[TIMESTAMP_TEXT_MAX], humidity[40] = "";
    timestamp_format(r->ts_ms, ts);
    timestamp_format(r->server_ms, received);
    if (r->has_humidity)
        snprintf(humidity, sizeof humidity, ",\"humidity\":%.17g", r->humidity);
    bool says_received = r->too_old || rng_below(&w->rng, 2) == 0;
    int n = snprintf(r->json, sizeof r->json,
                     "{\"device_id\":\"%s\",\"ts\":\"%s\",\"temperature_c\":%.17g%s%s%s%s}",
                     r->device_id, ts, r->temperature, humidity,
                     says_received ? ",\"received_at\":\"" : "", says_received ? received : "",
                     says_received ? "\"" : "");
    r->json_len = (size_t)n;
}

void sim_produce(struct sim_world *w)
{
    unsigned device = rng_below(&w->rng, SIM_DEVICES);
    struct sim_partition *p = &w->partition[device % SIM_PARTITIONS];
    struct sim_record *r = append(p);
    if (p->records > 1 && rng_below(&w->rng, 10) == 0) {
        *r = p->record[p->records - 2]; /* the same record twice */
        return;
    }
    r->device = device;
    snprintf(r->device_id, sizeof r->device_id, "$dev\\\"/%u", device);
    draw_values(w, r);
    draw_times(w, r);
    write_json(w, r);
    /* The JSON text of the id has its escapes; the id itself has not. */
    snprintf(r->device_id, sizeof r->device_id, "$dev\"/%u", device);
    if (rng_below(&w->rng, 20) == 0) {
        r->json_len /= 2; /* torn */
        r->device = SIM_DEVICES;
    }
}

/* --- The stream port -------------------------------------------------------------------------- */

static void list_bits(unsigned bits, struct stream_poll *out)
{
    out->count = 0;
    for (int32_t i = 0; i < SIM_PARTITIONS; i++)
        if (bits & (1u << i))
            out->partitions[out->count++] = i;
}

static bool give_group_event(struct sim_member *m, struct stream_poll *out)
{
    struct sim_world *w = m->world;
    if (m->lost) {
        list_bits(m->lost, out);
        m->told &= ~m->lost;
        m->lost = 0;
        out->event = STREAM_LOST;
    } else if (m->revoked && !m->answer_due) {
        list_bits(m->revoked, out);
        m->answer_due = true;
        out->event = STREAM_REVOKED;
    } else if (m->assigned && !m->answer_due) { /* it joins again once it has answered */
        list_bits(m->assigned, out);
        for (size_t i = 0; i < out->count; i++)
            m->position[out->partitions[i]] = w->partition[out->partitions[i]].committed;
        m->told |= m->assigned;
        m->assigned = 0;
        m->generation = w->generation;
        out->event = STREAM_ASSIGNED;
    } else {
        return false;
    }
    return true;
}

static void give_records(struct sim_member *m, struct stream_poll *out)
{
    struct sim_world *w = m->world;
    size_t limit = 1 + rng_below(&w->rng, SIM_BATCH);
    out->count = 0;
    for (int32_t i = 0; i < SIM_PARTITIONS; i++) {
        struct sim_partition *p = &w->partition[i];
        while ((m->told & (1u << i)) && m->position[i] < (int64_t)p->records &&
               out->count < limit) {
            const struct sim_record *r = &p->record[m->position[i]];
            m->batch[out->count++] = (struct stream_record){.partition = i,
                                                            .offset = m->position[i]++,
                                                            .timestamp_ms = r->timestamp_ms,
                                                            .key = span_str(r->device_id),
                                                            .value = span_of(r->json, r->json_len)};
        }
        if (w->sabotage == SIM_COMMIT_FIRST && p->owner == (int)(m - w->member))
            p->committed = m->position[i];
    }
    out->records = m->batch;
    out->event = out->count ? STREAM_RECORDS : STREAM_NOTHING;
}

static void stream_poll(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    struct sim_member *m = self;
    (void)timeout_ms;
    if (sim_mishap(m->world, 50)) {
        out->event = STREAM_ERROR;
        err_set(&out->err, ERR_UNAVAILABLE, "simulated fault");
        return;
    }
    bool told = give_group_event(m, out);
    if (told && m->world->sabotage == SIM_UNTOLD_REBALANCE && out->event != STREAM_ASSIGNED) {
        if (out->event == STREAM_REVOKED)
            sim_stream_port(m).revoke_done(m);
        told = false;
        out->event = STREAM_NOTHING;
        out->count = 0;
    }
    if (!told && want_records && !m->answer_due)
        give_records(m, out);
}

static void stream_release(void *self)
{
    (void)self;
}

static void stream_revoke_done(void *self)
{
    struct sim_member *m = self;
    if (!m->answer_due)
        m->world->broken = "a revoke was answered that nobody asked for";
    m->told &= ~m->revoked;
    m->revoked = 0;
    m->answer_due = false;
}

static void stream_commit(void *self, int32_t partition, int64_t next_offset)
{
    struct sim_member *m = self;
    struct sim_world *w = m->world;
    struct sim_partition *p = &w->partition[partition];
    bool ours = p->owner == (int)(m - w->member) && m->generation == w->generation &&
                (m->told & (1u << partition)) && !(m->lost & (1u << partition));
    if ((!ours && w->sabotage != SIM_LATE_FENCE) || sim_mishap(w, 10))
        return;
    p->committed = next_offset;
}

static int stream_position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                           int64_t *log_end, struct err *e)
{
    const struct sim_member *m = self;
    const struct sim_partition *p = &m->world->partition[partition];
    (void)e;
    *next_offset = p->committed;
    *log_start = 0;
    *log_end = (int64_t)p->records;
    return 0;
}

struct stream_port sim_stream_port(struct sim_member *m)
{
    return (struct stream_port){.self = m,
                                .poll = stream_poll,
                                .release = stream_release,
                                .revoke_done = stream_revoke_done,
                                .commit = stream_commit,
                                .position = stream_position};
}

/* --- The coordinator -------------------------------------------------------------------------- */

static struct sim_member *draw_member(struct sim_world *w)
{
    struct sim_member *running[SIM_MEMBERS];
    unsigned count = 0;
    for (unsigned i = 0; i < SIM_MEMBERS; i++)
        if (w->member[i].pipeline && !w->member[i].frozen)
            running[count++] = &w->member[i];
    return count ? running[rng_below(&w->rng, count)] : NULL;
}

/* Gives these partitions to members that run; the rest of the assignment stays. */
static void assign(struct sim_world *w, unsigned bits)
{
    w->generation++;
    for (unsigned i = 0; i < SIM_PARTITIONS; i++) {
        if (!(bits & (1u << i)))
            continue;
        struct sim_member *m = draw_member(w);
        w->partition[i].owner = m ? (int)(m - w->member) : -1;
        if (m)
            m->assigned |= 1u << i;
    }
    for (unsigned i = 0; i < SIM_MEMBERS; i++)
        if (!w->member[i].frozen && !w->member[i].lost)
            w->member[i].generation = w->generation;
}

void sim_rebalance(struct sim_world *w)
{
    w->handing_over = false;
    for (unsigned i = 0; i < SIM_MEMBERS; i++) {
        struct sim_member *m = &w->member[i];
        m->lost |= m->told;
        m->assigned = 0;
        if (!m->answer_due)
            m->revoked = 0; /* it never heard of it, and never will */
    }
    assign(w, EVERYTHING);
}

void sim_hand_over(struct sim_world *w)
{
    unsigned bits = rng_below(&w->rng, 2) ? EVERYTHING : 1u << rng_below(&w->rng, SIM_PARTITIONS);
    for (unsigned i = 0; i < SIM_MEMBERS; i++)
        if (w->handing_over || w->member[i].answer_due)
            return;
    for (unsigned i = 0; i < SIM_MEMBERS; i++) {
        w->member[i].revoked = w->member[i].told & bits & ~w->member[i].lost;
        if (w->member[i].assigned & bits)
            return sim_rebalance(w);
    }
    w->handing_over = true;
    w->hand_over_until_ms = w->now_ms + 5000;
}

void sim_hand_over_go_on(struct sim_world *w)
{
    if (!w->handing_over)
        return;
    bool waiting = false;
    unsigned held = 0;
    for (unsigned i = 0; i < SIM_MEMBERS; i++) {
        const struct sim_member *m = &w->member[i];
        waiting |= m->revoked != 0;
        held |= m->told & ~m->lost;
    }
    if (waiting && w->now_ms < w->hand_over_until_ms)
        return;
    if (waiting)
        return sim_rebalance(w);
    w->handing_over = false;
    assign(w, EVERYTHING & ~held);
}

void sim_member_start(struct sim_member *m, struct sim_world *w)
{
    *m = (struct sim_member){.world = w};
    const struct alert_pipeline_config config = {
        .rules = &w->rules,
        .stream = sim_stream_port(m),
        .store = sim_store_port(w),
        .events = sim_event_port(w),
        .limits = {.max_age_ms = SIM_MAX_AGE_MS, .max_future_skew_ms = 300000},
        .outbox_max = 1 + rng_below(&w->rng, 4),
        .cache_devices = 1 + rng_below(&w->rng, 6),
        .cache_age_ms = 60000,
        .poll_wait_ms = 100,
        .seed = rng_u64(&w->rng),
    };
    m->pipeline = alert_pipeline_new(&config);
}

void sim_member_kill(struct sim_member *m)
{
    alert_pipeline_free(m->pipeline);
    *m = (struct sim_member){.world = m->world};
}
