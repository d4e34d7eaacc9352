/* The rules in force: the built-in ones from the four thresholds, found by sensor. Pure. */
#ifndef WEIR_ALERTER_RULES_H
#define WEIR_ALERTER_RULES_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/model/alert.h"

enum { ALERT_RULES_MAX = 4, ALERT_RULE_GROUPS_MAX = 2 };

struct alert_thresholds {
    double temp_min, temp_max;         /* degrees Celsius */
    double humidity_min, humidity_max; /* percent */
};

/* The rules of one sensor: rule[first .. first + count). */
struct alert_rule_group {
    const char *sensor; /* borrowed from its first rule */
    unsigned first, count;
};

/* Holds pointers into itself: initialise it where it stays. */
struct alert_rules {
    unsigned count, groups;
    struct alert_rule rule[ALERT_RULES_MAX];
    struct alert_rule_group group[ALERT_RULE_GROUPS_MAX];
};

/* ERR_INVALID when a minimum is not below its maximum: every reading would be an alert. */
WEIR_MUST_CHECK int alert_rules_init(struct alert_rules *rules, const struct alert_thresholds *t,
                                     struct err *e);

/* NULL when no rule looks at this sensor. */
const struct alert_rule_group *alert_rules_of(const struct alert_rules *rules, struct span sensor);

#endif
