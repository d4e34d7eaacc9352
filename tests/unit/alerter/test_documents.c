/* The documents of the store: states there and back, and the update of an alert. */
#include <string.h>

#include "alerter/alert_update.h"
#include "alerter/rules.h"
#include "alerter/state_document.h"
#include "common/base/xmalloc.h"
#include "tests/unit/unit.h"

static struct alert_rules rules;
static struct alert_state state;

static void setup(void)
{
    static const struct alert_thresholds usual = {
        .temp_min = -10, .temp_max = 50, .humidity_min = 0, .humidity_max = 100};
    ck_assert_int_eq(alert_rules_init(&rules, &usual, NULL), 0);
    alert_state_init(&state, &rules.rule[1], span_str("$dev/1"));
    static const double values[] = {55, 61.5, 52, 20, 70};
    for (int i = 0; i < 5; i++)
        ck_assert(alert_state_judge(&state, i % 2, 10 + i, 1000 * i, 5000 + i, values[i]));
}

static void teardown(void)
{
    alert_state_deinit(&state);
}

/* --- states ----------------------------------------------------------------------------------- */

static void encode(bson_t *doc, int64_t rev)
{
    bson_init(doc);
    state_document_encode(doc, &state, rev);
}

START_TEST(a_state_comes_back_as_it_was)
{
    bson_t doc, again;
    encode(&doc, 7);
    struct alert_state read;
    alert_state_init(&read, &rules.rule[1], span_str("$dev/1"));
    ck_assert(state_document_decode(&doc, &read));
    ck_assert_int_eq(read.rev, 7);
    ck_assert_int_eq(read.changed_ms, 4000);
    ck_assert_uint_eq(read.srcs, 2);
    ck_assert_uint_eq(read.outbox_count, 4); /* fired, updated, resolved, fired */
    bson_init(&again);
    state_document_encode(&again, &read, 7);
    ck_assert(bson_equal(&doc, &again));
    ck_assert(!alert_state_judge(&read, 0, 14, 9000, 0, 99)); /* knows what it includes */
    bson_destroy(&again);
    bson_destroy(&doc);
    alert_state_deinit(&read);
}
END_TEST

START_TEST(its_key_is_rule_and_device)
{
    char id[STATE_DOCUMENT_ID_MAX];
    ck_assert_uint_eq(state_document_id(id, "humidity_low", span_str("a/b")), 16);
    ck_assert_str_eq(id, "humidity_low/a/b");
    bson_t doc;
    bson_iter_t iter;
    encode(&doc, 1);
    ck_assert(bson_iter_init_find(&iter, &doc, "_id"));
    ck_assert_str_eq(bson_iter_utf8(&iter, NULL), "temperature_c_high/$dev/1");
    bson_destroy(&doc);
}
END_TEST

static bool is_taken(const bson_t *doc)
{
    struct alert_state read;
    alert_state_init(&read, &rules.rule[1], span_str("$dev/1"));
    bool taken = state_document_decode(doc, &read);
    alert_state_deinit(&read);
    return taken;
}

START_TEST(a_document_with_anything_missing_is_refused)
{
    static const char *const needed[] = {"rev", "changed_at", "episode", "src", "outbox"};
    bson_t doc;
    encode(&doc, 3);
    ck_assert(is_taken(&doc));
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        bson_t less = BSON_INITIALIZER;
        bson_copy_to_excluding_noinit(&doc, &less, needed[i], NULL);
        ck_assert_msg(!is_taken(&less), "taken without %s", needed[i]);
        bson_destroy(&less);
    }
    bson_destroy(&doc);
    bson_init(&doc);
    ck_assert(!is_taken(&doc));
    bson_destroy(&doc);
}
END_TEST

/* --- alerts ----------------------------------------------------------------------------------- */

static char *update_of(const struct alert_episode *episode, unsigned first, unsigned count)
{
    const struct alert_document d = {.state = &state,
                                     .episode = episode,
                                     .transition = &state.outbox[first],
                                     .transitions = count};
    bson_t pipeline = BSON_INITIALIZER;
    alert_update_pipeline(&pipeline, &d);
    ck_assert(bson_validate(&pipeline, BSON_VALIDATE_UTF8, NULL));
    char *text = bson_as_relaxed_extended_json(&pipeline, NULL);
    bson_destroy(&pipeline);
    return text;
}

#define assert_holds(text, part) \
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text)
#define assert_lacks(text, part) ck_assert_msg(strstr(text, part) == NULL, "%s in %s", part, text)

START_TEST(an_update_is_guarded_by_the_revision)
{
    char *text = update_of(&state.episode, 3, 1);
    assert_holds(text, "{ \"$lt\" : [ { \"$ifNull\" : [ \"$revision\", 0 ] }, 1 ] }");
    assert_holds(text, "}, \"$$ROOT\" ]"); /* else what is stored stays */
    bson_free(text);
}
END_TEST

START_TEST(what_comes_from_a_device_is_literal)
{
    char *text = update_of(&state.episode, 3, 1);
    const char *literal = strstr(text, "\"$literal\" : { \"device_id\" : \"$dev/1\"");
    ck_assert_ptr_nonnull(literal);
    ck_assert_ptr_null(strstr(literal + 40, "$dev/1")); /* and stands nowhere else */
    bson_free(text);
}
END_TEST

START_TEST(an_active_alert_stays_acknowledged_and_a_resolved_one_does_not)
{
    char *active = update_of(&state.episode, 3, 1);
    assert_holds(active, "\"status\" : { \"$cond\" : [ { \"$eq\" : [ \"$status\", \"acknowledged\" "
                         "] }, \"acknowledged\", \"active\" ] }");
    assert_holds(active, "\"resolved_at\" : null");
    bson_free(active);
    char *resolved = update_of(&state.outbox[2].episode, 0, 3);
    assert_holds(resolved, "\"status\" : \"resolved\"");
    assert_lacks(resolved, "acknowledged");
    assert_holds(resolved, "\"resolved_at\" : { \"$date\" : \"1970-01-01T00:00:03Z\" }");
    bson_free(resolved);
}
END_TEST

START_TEST(an_alert_says_its_first_sample_and_its_worst)
{
    char *text = update_of(&state.outbox[2].episode, 0, 3);
    assert_holds(text, "\"sensor_type\" : \"temperature_c\", \"value\" : 55.0");
    assert_holds(text, "\"alert_type\" : \"temperature_c_high\", \"severity\" : \"critical\"");
    assert_holds(text, "\"WARNING: temperature_c value 55 is above maximum threshold\"");
    assert_holds(text, "\"count\" : 3, \"peak\" : 61.5, \"last_value\" : 52.0");
    assert_holds(text, "\"event\" : \"updated\", \"timestamp\" : { \"$date\" : "
                       "\"1970-01-01T00:00:01Z\" }, \"value\" : 61.5, \"severity\" : \"critical\", "
                       "\"revision\" : 2");
    bson_free(text);
}
END_TEST

START_TEST(its_id_is_the_episode)
{
    const struct alert_document d = {.state = &state, .episode = &state.episode};
    bson_t selector = BSON_INITIALIZER;
    bson_iter_t iter;
    char text[25];
    alert_update_selector(&selector, &d);
    ck_assert(bson_iter_init_find(&iter, &selector, "_id") && BSON_ITER_HOLDS_OID(&iter));
    bson_oid_to_string(bson_iter_oid(&iter), text);
    ck_assert_str_eq(text, state.episode.id);
    bson_destroy(&selector);
}
END_TEST

UNIT_CASE(documents)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_state_comes_back_as_it_was);
    tcase_add_test(tc, its_key_is_rule_and_device);
    tcase_add_test(tc, a_document_with_anything_missing_is_refused);
    tcase_add_test(tc, an_update_is_guarded_by_the_revision);
    tcase_add_test(tc, what_comes_from_a_device_is_literal);
    tcase_add_test(tc, an_active_alert_stays_acknowledged_and_a_resolved_one_does_not);
    tcase_add_test(tc, an_alert_says_its_first_sample_and_its_worst);
    tcase_add_test(tc, its_id_is_the_episode);
}
