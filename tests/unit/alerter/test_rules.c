/* The built-in rules: four thresholds, two sensors. */
#include <string.h>

#include "alerter/rules.h"
#include "tests/unit/unit.h"

static const struct alert_thresholds usual = {
    .temp_min = -10, .temp_max = 50, .humidity_min = 0, .humidity_max = 100};

START_TEST(four_thresholds_make_four_rules)
{
    static const struct {
        const char *id, *sensor;
        enum alert_side side;
        double threshold, critical_beyond;
    } wanted[] = {
        {"temperature_c_low", "temperature_c", ALERT_BELOW, -10, 2},
        {"temperature_c_high", "temperature_c", ALERT_ABOVE, 50, 10},
        {"humidity_low", "humidity", ALERT_BELOW, 0, 20}, /* a fifth of the span: 0 has none */
        {"humidity_high", "humidity", ALERT_ABOVE, 100, 20},
    };
    struct alert_rules rules;
    ck_assert_int_eq(alert_rules_init(&rules, &usual, NULL), 0);
    ck_assert_uint_eq(rules.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_str_eq(rules.rule[i].id, wanted[i].id);
        ck_assert_str_eq(rules.rule[i].sensor, wanted[i].sensor);
        ck_assert_int_eq(rules.rule[i].side, wanted[i].side);
        ck_assert(rules.rule[i].threshold == wanted[i].threshold);
        ck_assert(rules.rule[i].critical_beyond == wanted[i].critical_beyond);
    }
}
END_TEST

START_TEST(a_sensor_finds_its_rules_and_others_find_none)
{
    struct alert_rules rules;
    ck_assert_int_eq(alert_rules_init(&rules, &usual, NULL), 0);
    const struct alert_rule_group *group = alert_rules_of(&rules, span_str("humidity"));
    ck_assert_ptr_nonnull(group);
    ck_assert_uint_eq(group->count, 2);
    ck_assert_str_eq(rules.rule[group->first].id, "humidity_low");
    ck_assert_ptr_null(alert_rules_of(&rules, span_str("humidity_")));
    ck_assert_ptr_null(alert_rules_of(&rules, span_str("humidit")));
    ck_assert_ptr_null(alert_rules_of(&rules, span_str("")));
}
END_TEST

START_TEST(a_minimum_must_be_below_its_maximum)
{
    static const struct alert_thresholds wrong[] = {
        {.temp_min = 50, .temp_max = 50, .humidity_min = 0, .humidity_max = 100},
        {.temp_min = 51, .temp_max = 50, .humidity_min = 0, .humidity_max = 100},
        {.temp_min = -10, .temp_max = 50, .humidity_min = 100, .humidity_max = 0},
    };
    static const char *const named[] = {"temperature_c", "temperature_c", "humidity"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct alert_rules rules;
        struct err e = {0};
        ck_assert_int_eq(alert_rules_init(&rules, &wrong[i], &e), ERR_INVALID);
        ck_assert_ptr_nonnull(strstr(e.message, named[i]));
    }
}
END_TEST

UNIT_CASE(rules)
{
    tcase_add_test(tc, four_thresholds_make_four_rules);
    tcase_add_test(tc, a_sensor_finds_its_rules_and_others_find_none);
    tcase_add_test(tc, a_minimum_must_be_below_its_maximum);
}
