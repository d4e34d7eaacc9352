/* The life of an alert: what one sample does to the state of one rule for one device. */
#include <stdlib.h>

#include "common/model/alert.h"

#include "common/base/hash.h"
#include "common/base/num.h"
#include "common/base/xmalloc.h"

void alert_episode_id(const char *rule_id, struct span device_id, int64_t start_ms,
                      char out[ALERT_ID_HEX + 1])
{
    struct buf text = {.len = 0};
    char start[NUM_TEXT_MAX];
    uint8_t hash[SHA256_BYTES];
    buf_str(&text, rule_id);
    buf_char(&text, '\0');
    buf_span(&text, device_id);
    buf_char(&text, '\0');
    buf_append(&text, start, num_format_i64(start_ms, start));
    hash_sha256(text.data, text.len, hash);
    hex_encode(hash, ALERT_ID_HEX / 2, out);
    buf_deinit(&text);
}

void alert_state_init(struct alert_state *s, const struct alert_rule *rule, struct span device_id)
{
    *s = (struct alert_state){.rule = rule, .changed_ms = INT64_MIN};
    span_copy(device_id, s->device_id, sizeof s->device_id);
}

void alert_state_deinit(struct alert_state *s)
{
    free(s->src);
    free(s->outbox);
    s->src = NULL;
    s->outbox = NULL;
    s->srcs = s->srcs_cap = s->outbox_count = s->outbox_cap = 0;
}

static struct alert_src *find_src(const struct alert_state *s, int32_t partition)
{
    for (unsigned i = 0; i < s->srcs; i++) {
        if (s->src[i].partition == partition) {
            return &s->src[i];
        }
    }
    return NULL;
}

static void set_src(struct alert_state *s, int32_t partition, int64_t offset)
{
    struct alert_src *src = find_src(s, partition);
    if (!src) {
        if (s->srcs == s->srcs_cap) {
            s->srcs_cap = s->srcs_cap > 0 ? s->srcs_cap * 2 : 1;
            s->src = xreallocarray(s->src, s->srcs_cap, sizeof(*s->src));
        }
        src = &s->src[s->srcs++];
        src->partition = partition;
    }
    src->offset = offset;
}

static void tell(struct alert_state *s, enum alert_event event, int64_t ts_ms, double value)
{
    if (s->outbox_count == s->outbox_cap) {
        s->outbox_cap = s->outbox_cap > 0 ? s->outbox_cap * 2 : 2;
        s->outbox = xreallocarray(s->outbox, s->outbox_cap, sizeof(*s->outbox));
    }
    s->outbox[s->outbox_count++] = (struct alert_transition){
        .event = event, .ts_ms = ts_ms, .value = value, .episode = s->episode};
}

static void fire(struct alert_state *s, int64_t ts_ms, int64_t server_ms, double value)
{
    s->episode = (struct alert_episode){
        .revision = 1,
        .active = true,
        .severity = alert_rule_severity(s->rule, value),
        .value = value,
        .last_value = value,
        .peak = value,
        .count = 1,
        .start_ms = ts_ms,
        .last_ms = ts_ms,
        .created_at_ms = server_ms,
    };
    alert_episode_id(s->rule->id, span_str(s->device_id), ts_ms, s->episode.id);
    tell(s, ALERT_EVENT_FIRED, ts_ms, value);
}

static void go_on(struct alert_state *s, int64_t ts_ms, double value)
{
    struct alert_episode *episode = &s->episode;
    bool further = s->rule->side == ALERT_ABOVE ? value > episode->peak : value < episode->peak;
    bool escalates =
        episode->severity == ALERT_WARNING && alert_rule_severity(s->rule, value) == ALERT_CRITICAL;
    episode->revision++;
    episode->count++;
    episode->last_value = value;
    episode->last_ms = ts_ms;
    episode->peak = further ? value : episode->peak;
    if (escalates) {
        episode->severity = ALERT_CRITICAL;
        episode->escalated_ms = ts_ms;
        tell(s, ALERT_EVENT_UPDATED, ts_ms, value);
    }
}

static void resolve(struct alert_state *s, int64_t ts_ms, double value)
{
    s->episode.active = false;
    s->episode.revision++;
    s->episode.resolved_ms = ts_ms;
    tell(s, ALERT_EVENT_RESOLVED, ts_ms, value);
}

/* A sample of the very time of the last change counts as late too. It is nearly always the same
 * reading, sent twice, and sending twice must not count twice; and an episode that began at the
 * time at which another ended would get the id of one that may have begun there before. */
static bool is_late(const struct alert_state *s, int64_t ts_ms)
{
    return s->changed_ms != INT64_MIN && ts_ms <= s->changed_ms;
}

bool alert_state_judge(struct alert_state *s, int32_t partition, int64_t offset, int64_t ts_ms,
                       int64_t server_ms, double value)
{
    const struct alert_src *src = find_src(s, partition);
    bool violated = alert_rule_violated(s->rule, value);
    if ((src && offset <= src->offset) || is_late(s, ts_ms) || (!violated && !s->episode.active)) {
        return false;
    }
    if (!s->episode.active) {
        fire(s, ts_ms, server_ms, value);
    } else if (violated) {
        go_on(s, ts_ms, value);
    } else {
        resolve(s, ts_ms, value);
    }
    s->changed_ms = ts_ms;
    set_src(s, partition, offset);
    return true;
}
