/* The pipeline's three ports in memory: a scripted log, a store, and a trace of every effect. */
#include "tests/unit/alerter/memory_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/cache.h"
#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"

static void note(struct memory_ports *m, const char *what)
{
    if (m->trace.len > 0)
        buf_char(&m->trace, ' ');
    buf_str(&m->trace, what);
}

/* --- stream ----------------------------------------------------------------------------------- */

static void poll(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    struct memory_ports *m = self;
    (void)timeout_ms;
    if (m->notices_given < m->notices) {
        const struct memory_notice *n = &m->notice[m->notices_given++];
        out->event = n->event;
        out->count = 1;
        out->partitions[0] = n->partition;
        err_set(&out->err, ERR_UNAVAILABLE, "the broker is away");
    } else if (want_records && m->records > 0) {
        out->event = STREAM_RECORDS;
        out->records = m->record;
        out->count = m->records;
        m->records = 0;
    }
}

static void release(void *self)
{
    (void)self;
}

static void revoke_done(void *self)
{
    note(self, "revoke_done");
}

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    char text[64];
    snprintf(text, sizeof text, "commit:%d=%lld", (int)partition, (long long)next_offset);
    note(self, text);
}

static int position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e)
{
    (void)self, (void)partition, (void)e;
    *next_offset = *log_start = *log_end = 0;
    return 0;
}

/* --- store and events ------------------------------------------------------------------------- */

static int fails(struct memory_ports *m, const char *what, unsigned *times, struct err *e)
{
    char text[32];
    snprintf(text, sizeof text, "%s%s", what, *times > 0 ? "!" : "");
    note(m, text);
    if (*times == 0)
        return 0;
    --*times;
    return err_set(e, ERR_UNAVAILABLE, "%s failed", what);
}

static struct alert_state *copy(const struct alert_state *from)
{
    struct alert_state *s = xmemdup(from, sizeof *from);
    s->srcs_cap = from->srcs;
    s->outbox_cap = from->outbox_count;
    s->src = from->srcs ? xmemdup(from->src, from->srcs * sizeof *from->src) : NULL;
    s->outbox = from->outbox_count
                    ? xmemdup(from->outbox, from->outbox_count * sizeof *from->outbox)
                    : NULL;
    return s;
}

static struct alert_state **slot_of(struct memory_ports *m, const struct alert_rule *rule,
                                    struct span device_id)
{
    return &m->state[rule - m->rules.rule][device_id.p[device_id.len - 1] - '0'];
}

static int load(void *self, struct alert_load *items, size_t count, struct err *e)
{
    struct memory_ports *m = self;
    int rc = fails(m, "load", &m->fail_load, e);
    m->loaded = count;
    for (size_t i = 0; i < count && rc == 0; i++) {
        const struct alert_state *found = *slot_of(m, items[i].rule, items[i].device_id);
        items[i].state = found ? copy(found) : NULL;
    }
    return rc;
}

static int write_states(void *self, const struct alert_state *const *states, size_t count,
                        struct err *e)
{
    struct memory_ports *m = self;
    int rc = fails(m, "states", &m->fail_states, e);
    if (rc == 0 && m->conflicts > 0) {
        m->conflicts--;
        return ERR_CONFLICT;
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct alert_state **slot = slot_of(m, states[i]->rule, span_str(states[i]->device_id));
        if ((*slot ? (*slot)->rev : 0) != states[i]->rev)
            return ERR_CONFLICT;
        alert_loaded_free(*slot);
        *slot = copy(states[i]);
        (*slot)->rev++;
    }
    return rc;
}

static struct memory_alert *alert_of(struct memory_ports *m, const char *id)
{
    for (size_t i = 0; i < m->alerts; i++)
        if (strcmp(m->alert[i].id, id) == 0)
            return &m->alert[i];
    memcpy(m->alert[m->alerts].id, id, ALERT_ID_HEX + 1);
    return &m->alert[m->alerts++];
}

static int write_alerts(void *self, const struct alert_document *items, size_t count, struct err *e)
{
    struct memory_ports *m = self;
    int rc = fails(m, "alerts", &m->fail_alerts, e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct memory_alert *a = alert_of(m, items[i].episode->id);
        if (a->revision >= items[i].episode->revision)
            continue;
        a->revision = items[i].episode->revision;
        a->count = items[i].episode->count;
        a->active = items[i].episode->active;
        a->transitions += items[i].transitions;
    }
    return rc;
}

static int publish(void *self, const struct alert_event_item *items, size_t count, struct err *e)
{
    struct memory_ports *m = self;
    int rc = fails(m, "publish", &m->fail_publish, e);
    for (size_t i = 0; i < count && rc == 0; i++) {
        buf_char(&m->trace, i == 0 ? ':' : ',');
        buf_str(&m->trace, alert_event_name(items[i].transition->event));
    }
    return rc;
}

/* --- the world -------------------------------------------------------------------------------- */

static void begin(struct memory_ports *m)
{
    const struct alert_pipeline_config config = {
        .rules = &m->rules,
        .stream = {.self = m,
                   .poll = poll,
                   .release = release,
                   .revoke_done = revoke_done,
                   .commit = commit,
                   .position = position},
        .store = {.self = m,
                  .load = load,
                  .write_states = write_states,
                  .write_alerts = write_alerts},
        .events = {.self = m, .publish = publish},
        .limits = {.max_age_ms = 3600000, .max_future_skew_ms = 300000},
        .outbox_max = 4,
        .cache_devices = 3,
        .cache_age_ms = 60000,
        .poll_wait_ms = 100,
        .seed = 1,
    };
    m->pipeline = alert_pipeline_new(&config);
}

void memory_init(struct memory_ports *m)
{
    static const struct alert_thresholds thresholds = {
        .temp_min = -10, .temp_max = 50, .humidity_min = 0, .humidity_max = 100};
    *m = (struct memory_ports){.now_ms = 1000};
    if (alert_rules_init(&m->rules, &thresholds, NULL) != 0)
        abort();
    begin(m);
}

void memory_deinit(struct memory_ports *m)
{
    alert_pipeline_free(m->pipeline);
    for (unsigned r = 0; r < ALERT_RULES_MAX; r++)
        for (unsigned d = 0; d < MEMORY_DEVICES; d++)
            alert_loaded_free(m->state[r][d]);
    buf_deinit(&m->trace);
}

void memory_restart(struct memory_ports *m)
{
    alert_pipeline_free(m->pipeline);
    begin(m);
}

void memory_raw(struct memory_ports *m, int32_t partition, int64_t offset, const char *json)
{
    size_t n = m->records++;
    snprintf(m->json[n], sizeof m->json[n], "%s", json);
    m->record[n] = (struct stream_record){.partition = partition,
                                          .offset = offset,
                                          .timestamp_ms = 1795255200000 + 1000 * offset,
                                          .value = span_str(m->json[n])};
}

void memory_reading(struct memory_ports *m, int32_t partition, int64_t offset, int device,
                    int64_t ts_ms, double temperature)
{
    char text[256], ts[TIMESTAMP_TEXT_MAX];
    timestamp_format(1795255200000 + ts_ms, ts);
    snprintf(text, sizeof text, "{\"device_id\":\"dev-%d\",\"ts\":\"%s\",\"temperature_c\":%.17g}",
             device, ts, temperature);
    memory_raw(m, partition, offset, text);
}

void memory_notice(struct memory_ports *m, enum stream_event event, int32_t partition)
{
    m->notice[m->notices++] = (struct memory_notice){.event = event, .partition = partition};
}

struct alert_next memory_step(struct memory_ports *m)
{
    return alert_pipeline_step(m->pipeline, m->now_ms);
}

void memory_steps(struct memory_ports *m, unsigned steps)
{
    while (steps-- > 0)
        memory_step(m);
}

struct alert_next memory_run(struct memory_ports *m)
{
    struct alert_next next = {.step = ALERT_STEP_WORK};
    for (unsigned i = 0; i < 1000 && next.step == ALERT_STEP_WORK; i++)
        next = memory_step(m);
    return next;
}

const char *memory_trace(struct memory_ports *m)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s", m->trace.len ? buf_cstr(&m->trace) : "");
    buf_clear(&m->trace);
    return text;
}
