/* Alert rules, episodes and events. */
#include <jansson.h>
#include <string.h>

#include "common/base/random.h"
#include "common/model/alert.h"
#include "tests/support/same_episode.h"
#include "tests/unit/unit.h"

static const struct alert_rule hot = {.id = "temperature_c_high",
                                      .sensor = "temperature_c",
                                      .side = ALERT_ABOVE,
                                      .threshold = 50,
                                      .critical_beyond = 10};
static const struct alert_rule dry = {.id = "humidity_low",
                                      .sensor = "humidity",
                                      .side = ALERT_BELOW,
                                      .threshold = 0,
                                      .critical_beyond = 20};
static struct alert_state s;
static int64_t next_offset;

static void begin(const struct alert_rule *rule)
{
    alert_state_init(&s, rule, span_str("dev-1"));
    next_offset = 0;
}

/* The next record of partition 0. */
static bool judge(int64_t ts_ms, double value)
{
    return alert_state_judge(&s, 0, next_offset++, ts_ms, ts_ms + 100000, value);
}

/* --- rules ---------------------------------------------------------------------------------- */

START_TEST(critical_is_more_than_a_fifth_beyond)
{
    ck_assert(alert_critical_distance(50, 60) == 10);
    ck_assert(alert_critical_distance(-10, 60) == 2);
    ck_assert(alert_critical_distance(0, 100) == 20);
    ck_assert(alert_critical_distance(0.3, 1) == 0.06);
    ck_assert_str_eq(alert_severity_name(ALERT_WARNING), "warning");
    ck_assert_str_eq(alert_severity_name(ALERT_CRITICAL), "critical");
}
END_TEST

static const struct {
    enum alert_side side;
    double threshold, span, value;
    int wanted; /* -1 healthy, else the severity */
} borders[] = {
    {ALERT_ABOVE, 50, 60, 50, -1},
    {ALERT_ABOVE, 50, 60, 50.000000000000007, ALERT_WARNING},
    {ALERT_ABOVE, 50, 60, 60, ALERT_WARNING},
    {ALERT_ABOVE, 50, 60, 60.00000000000001, ALERT_CRITICAL},
    {ALERT_BELOW, -10, 60, -10, -1},
    {ALERT_BELOW, -10, 60, -10.000000000000002, ALERT_WARNING},
    {ALERT_BELOW, -10, 60, -12, ALERT_WARNING},
    {ALERT_BELOW, -10, 60, -12.000000000000002, ALERT_CRITICAL},
    {ALERT_BELOW, 0, 100, 0, -1},
    {ALERT_BELOW, 0, 100, -0.0, -1},
    {ALERT_BELOW, 0, 100, -5e-324, ALERT_WARNING},
    {ALERT_BELOW, 0, 100, -20, ALERT_WARNING},
    {ALERT_BELOW, 0, 100, -20.000000000000004, ALERT_CRITICAL},
    {ALERT_ABOVE, 100, 100, 120, ALERT_WARNING},
    {ALERT_ABOVE, 100, 100, 120.00000000000001, ALERT_CRITICAL},
};

START_TEST(borders_belong_to_the_better_side)
{
    for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
        struct alert_rule rule = {.side = borders[i].side, .threshold = borders[i].threshold};
        rule.critical_beyond = alert_critical_distance(borders[i].threshold, borders[i].span);
        bool violated = alert_rule_violated(&rule, borders[i].value);
        ck_assert_msg(violated == (borders[i].wanted >= 0), "%.17g", borders[i].value);
        if (violated) {
            ck_assert_int_eq(alert_rule_severity(&rule, borders[i].value), borders[i].wanted);
        }
    }
}
END_TEST

static void must_say(const struct alert_rule *rule, double value, const char *wanted)
{
    struct buf out = {.len = 0};
    alert_message(rule, alert_rule_severity(rule, value), value, &out);
    ck_assert_str_eq(buf_cstr(&out), wanted);
    buf_deinit(&out);
}

START_TEST(messages_are_the_fixed_ones)
{
    must_say(&hot, 65, "CRITICAL: temperature_c value 65 is above maximum threshold");
    must_say(&hot, 50.1, "WARNING: temperature_c value 50.1 is above maximum threshold");
    must_say(&dry, -3, "WARNING: humidity value -3 is below minimum threshold");
    must_say(&dry, -20.5, "CRITICAL: humidity value -20.5 is below minimum threshold");
}
END_TEST

START_TEST(ids_are_the_fixed_ones)
{
    char id[ALERT_ID_HEX + 1];
    alert_episode_id("temperature_c_high", span_str("dev-1"), INT64_C(1795255200123), id);
    ck_assert_str_eq(id, "2304af4c93180c29ebfebac2");
    alert_episode_id("humidity_low", span_str("dev-1"), -5, id);
    ck_assert_str_eq(id, "9d44be7729a56dc99e839673");
}
END_TEST

/* --- one episode ----------------------------------------------------------------------------- */

START_TEST(an_episode_fires_escalates_and_resolves_once)
{
    begin(&hot);
    ck_assert(!judge(1000, 20));
    ck_assert(s.srcs == 0 && s.changed_ms == INT64_MIN && s.episode.revision == 0);
    ck_assert(judge(2000, 55) && judge(3000, 52) && judge(4000, 70) && judge(5000, 65));
    ck_assert(judge(6000, 50));
    ck_assert(!judge(7000, 49));
    const struct alert_episode *e = &s.episode;
    ck_assert(!e->active && e->severity == ALERT_CRITICAL && e->count == 4 && e->revision == 5);
    ck_assert(e->value == 55 && e->last_value == 65 && e->peak == 70);
    ck_assert(e->start_ms == 2000 && e->last_ms == 5000 && e->resolved_ms == 6000);
    ck_assert(e->escalated_ms == 4000 && e->created_at_ms == 102000);
    ck_assert_int_eq(s.changed_ms, 6000);
    ck_assert(s.srcs == 1 && s.src[0].partition == 0 && s.src[0].offset == 5);
    ck_assert_uint_eq(s.outbox_count, 3);
    ck_assert_int_eq(s.outbox[0].event, ALERT_EVENT_FIRED);
    ck_assert_int_eq(s.outbox[1].event, ALERT_EVENT_UPDATED);
    ck_assert_int_eq(s.outbox[2].event, ALERT_EVENT_RESOLVED);
    ck_assert(s.outbox[0].episode.active && s.outbox[0].episode.revision == 1);
    ck_assert(s.outbox[1].value == 70 && s.outbox[1].episode.revision == 3);
    ck_assert(s.outbox[2].value == 50 && s.outbox[2].ts_ms == 6000);
    alert_state_deinit(&s);
}
END_TEST

START_TEST(an_episode_that_begins_critical_does_not_escalate)
{
    begin(&dry);
    judge(1000, -50);
    judge(2000, -10);
    judge(3000, -60);
    ck_assert_uint_eq(s.outbox_count, 1);
    ck_assert(s.episode.severity == ALERT_CRITICAL && s.episode.escalated_ms == 0);
    ck_assert(s.episode.peak == -60 && s.episode.last_value == -60 && s.episode.count == 3);
    alert_state_deinit(&s);
}
END_TEST

START_TEST(episodes_have_ids_of_their_start)
{
    char id[ALERT_ID_HEX + 1];
    begin(&hot);
    judge(1000, 55);
    alert_episode_id(hot.id, span_str("dev-1"), 1000, id);
    ck_assert_str_eq(s.episode.id, id);
    judge(2000, 20);
    judge(3000, 55);
    ck_assert_str_ne(s.episode.id, id);
    alert_episode_id(hot.id, span_str("dev-1"), 3000, id);
    ck_assert_str_eq(s.episode.id, id);
    ck_assert(s.episode.revision == 1 && s.episode.active && s.episode.count == 1);
    ck_assert_uint_eq(s.outbox_count, 3);
    alert_state_deinit(&s);
}
END_TEST

START_TEST(replayed_offsets_are_skipped)
{
    begin(&hot);
    ck_assert(alert_state_judge(&s, 3, 7, 1000, 1, 55));
    ck_assert(!alert_state_judge(&s, 3, 7, 2000, 1, 56));
    ck_assert(!alert_state_judge(&s, 3, 6, 2000, 1, 20));
    ck_assert(alert_state_judge(&s, 4, 0, 2000, 1, 56)); /* another partition counts for itself */
    ck_assert_uint_eq(s.srcs, 2);
    ck_assert_uint_eq(s.episode.count, 2);
    alert_state_deinit(&s);
}
END_TEST

START_TEST(late_samples_tell_nothing_about_now)
{
    begin(&hot);
    judge(1000, 55);
    judge(2000, 56);
    ck_assert(!judge(1500, 20) && !judge(1999, 99));
    ck_assert(!judge(2000, 56)); /* sent twice */
    ck_assert_uint_eq(s.episode.count, 2);
    ck_assert(judge(2001, 20));
    ck_assert(!s.episode.active);
    ck_assert(!judge(2001, 99) && !judge(1000, 99));
    ck_assert(judge(2002, 99));
    ck_assert_int_eq(s.episode.start_ms, 2002);
    alert_state_deinit(&s);
}
END_TEST

START_TEST(a_first_sample_may_be_of_any_time)
{
    begin(&hot);
    ck_assert(judge(INT64_C(-62167219200000), 99));
    ck_assert(s.episode.active);
    alert_state_deinit(&s);
}
END_TEST

/* --- property: any replay gives the same state and outbox ------------------------------------- */

enum { SAMPLES = 40 };

struct sample {
    int32_t partition;
    int64_t offset, ts_ms;
    double value;
};

static void judge_sample(struct alert_state *state, const struct sample *x)
{
    (void)alert_state_judge(state, x->partition, x->offset, x->ts_ms, x->ts_ms + 9, x->value);
}

static bool same_state(const struct alert_state *a, const struct alert_state *b)
{
    bool same = a->changed_ms == b->changed_ms && a->srcs == b->srcs &&
                a->outbox_count == b->outbox_count && same_episode(&a->episode, &b->episode);
    for (unsigned i = 0; same && i < a->srcs; i++) {
        same = a->src[i].partition == b->src[i].partition && a->src[i].offset == b->src[i].offset;
    }
    for (unsigned i = 0; same && i < a->outbox_count; i++) {
        const struct alert_transition *x = &a->outbox[i], *y = &b->outbox[i];
        same = x->event == y->event && x->ts_ms == y->ts_ms && x->value == y->value &&
               same_episode(&x->episode, &y->episode);
    }
    return same;
}

/* The rules that hold of every outbox: fired, then updated at most once, then resolved; revisions
 * rise; no episode fires twice. */
static void check_outbox(const struct alert_state *state)
{
    const struct alert_transition *before = NULL;
    for (unsigned i = 0; i < state->outbox_count; i++) {
        const struct alert_transition *t = &state->outbox[i];
        if (t->event == ALERT_EVENT_FIRED) {
            ck_assert(!before || before->event == ALERT_EVENT_RESOLVED);
            ck_assert(!before || t->ts_ms > before->ts_ms);
            ck_assert_int_eq(t->episode.revision, 1);
        } else {
            ck_assert(before && before->event != ALERT_EVENT_RESOLVED);
            ck_assert_str_eq(t->episode.id, before->episode.id);
            ck_assert_int_gt(t->episode.revision, before->episode.revision);
            ck_assert(t->event != ALERT_EVENT_UPDATED || before->event == ALERT_EVENT_FIRED);
        }
        before = t;
    }
}

/* One partition: a crash after any sample replays from any earlier one. */
START_TEST(replaying_any_part_changes_nothing)
{
    struct rng rng;
    struct sample x[SAMPLES];
    unsigned told = 0;
    rng_seed(&rng, 9);
    for (int round = 0; round < 3000; round++) {
        struct alert_state once, again;
        alert_state_init(&once, &hot, span_str("dev-1"));
        alert_state_init(&again, &hot, span_str("dev-1"));
        for (int i = 0; i < SAMPLES; i++) {
            x[i] = (struct sample){0, i, i + (int64_t)rng_below(&rng, 5),
                                   40 + (double)rng_below(&rng, 25)};
            judge_sample(&once, &x[i]);
            judge_sample(&again, &x[i]);
            int back = rng_below(&rng, 4) == 0 ? (int)rng_below(&rng, (uint32_t)i + 1) : i + 1;
            for (int k = back; k <= i; k++) {
                judge_sample(&again, &x[k]);
            }
            ck_assert(same_state(&once, &again));
        }
        check_outbox(&once);
        told += once.outbox_count;
        alert_state_deinit(&once);
        alert_state_deinit(&again);
    }
    ck_assert_uint_gt(told, 10000);
}
END_TEST

/* --- events ---------------------------------------------------------------------------------- */

static void must_tell(unsigned i, const char *wanted)
{
    struct buf out = {.len = 0};
    json_error_t error;
    alert_event_encode(&s, &s.outbox[i], &out);
    json_t *ours = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    json_t *theirs = json_loads(wanted, 0, &error);
    ck_assert(ours && theirs);
    ck_assert_msg(json_equal(ours, theirs), "%s", buf_cstr(&out));
    json_decref(ours);
    json_decref(theirs);
    buf_deinit(&out);
}

START_TEST(events_are_those_of_the_contract)
{
    begin(&hot);
    judge(INT64_C(1795255200123), 55.5);
    judge(INT64_C(1795255201000), 65);
    judge(INT64_C(1795255202000), 21);
    must_tell(0, "{\"event\":\"fired\",\"alert_id\":\"2304af4c93180c29ebfebac2\",\"revision\":1,"
                 "\"rule_id\":\"temperature_c_high\",\"device_id\":\"dev-1\","
                 "\"sensor_type\":\"temperature_c\",\"alert_type\":\"temperature_c_high\","
                 "\"severity\":\"warning\",\"value\":55.5,"
                 "\"message\":\"WARNING: temperature_c value 55.5 is above maximum threshold\","
                 "\"timestamp\":\"2026-11-21T10:00:00.123Z\"}");
    must_tell(1, "{\"event\":\"updated\",\"alert_id\":\"2304af4c93180c29ebfebac2\",\"revision\":2,"
                 "\"rule_id\":\"temperature_c_high\",\"device_id\":\"dev-1\","
                 "\"sensor_type\":\"temperature_c\",\"alert_type\":\"temperature_c_high\","
                 "\"severity\":\"critical\",\"value\":65,"
                 "\"message\":\"CRITICAL: temperature_c value 65 is above maximum threshold\","
                 "\"timestamp\":\"2026-11-21T10:00:01.000Z\"}");
    must_tell(2, "{\"event\":\"resolved\",\"alert_id\":\"2304af4c93180c29ebfebac2\",\"revision\":3,"
                 "\"rule_id\":\"temperature_c_high\",\"device_id\":\"dev-1\","
                 "\"sensor_type\":\"temperature_c\",\"alert_type\":\"temperature_c_high\","
                 "\"severity\":\"critical\",\"value\":21,"
                 "\"message\":\"RESOLVED: temperature_c value 21 is no longer above maximum "
                 "threshold\",\"timestamp\":\"2026-11-21T10:00:02.000Z\"}");
    ck_assert_str_eq(alert_event_name(ALERT_EVENT_NONE), "none");
    alert_state_deinit(&s);
}
END_TEST

UNIT_CASE(alert)
{
    tcase_add_test(tc, critical_is_more_than_a_fifth_beyond);
    tcase_add_test(tc, borders_belong_to_the_better_side);
    tcase_add_test(tc, messages_are_the_fixed_ones);
    tcase_add_test(tc, ids_are_the_fixed_ones);
    tcase_add_test(tc, an_episode_fires_escalates_and_resolves_once);
    tcase_add_test(tc, an_episode_that_begins_critical_does_not_escalate);
    tcase_add_test(tc, episodes_have_ids_of_their_start);
    tcase_add_test(tc, replayed_offsets_are_skipped);
    tcase_add_test(tc, late_samples_tell_nothing_about_now);
    tcase_add_test(tc, a_first_sample_may_be_of_any_time);
    tcase_add_test(tc, replaying_any_part_changes_nothing);
    tcase_add_test(tc, events_are_those_of_the_contract);
}
