/* The rules in force: the built-in ones from the four thresholds, found by sensor. */
#include "alerter/rules.h"

#include <stdio.h>
#include <string.h>

static void add_rule(struct alert_rules *rules, const char *sensor, enum alert_side side,
                     double threshold, double critical_beyond)
{
    struct alert_rule *rule = &rules->rule[rules->count++];
    *rule = (struct alert_rule){
        .side = side, .threshold = threshold, .critical_beyond = critical_beyond};
    const char *suffix = side == ALERT_ABOVE ? "high" : "low";
    snprintf(rule->id, sizeof rule->id, "%s_%s", sensor, suffix);
    snprintf(rule->sensor, sizeof rule->sensor, "%s", sensor);
}

static int add_group(struct alert_rules *rules, const char *sensor, double min, double max,
                     struct err *e)
{
    if (!(min < max))
        return err_set(e, ERR_INVALID, "the minimum for %s, %g, must be below its maximum, %g",
                       sensor, min, max);
    struct alert_rule_group *group = &rules->group[rules->groups++];
    group->first = rules->count;
    add_rule(rules, sensor, ALERT_BELOW, min, alert_critical_distance(min, max - min));
    add_rule(rules, sensor, ALERT_ABOVE, max, alert_critical_distance(max, max - min));
    group->count = rules->count - group->first;
    group->sensor = rules->rule[group->first].sensor;
    return 0;
}

int alert_rules_init(struct alert_rules *rules, const struct alert_thresholds *t, struct err *e)
{
    *rules = (struct alert_rules){0};
    int rc = add_group(rules, "temperature_c", t->temp_min, t->temp_max, e);
    if (rc == 0)
        rc = add_group(rules, "humidity", t->humidity_min, t->humidity_max, e);
    return rc;
}

const struct alert_rule_group *alert_rules_of(const struct alert_rules *rules, struct span sensor)
{
    for (unsigned i = 0; i < rules->groups; i++)
        if (span_is(sensor, rules->group[i].sensor))
            return &rules->group[i];
    return NULL;
}
