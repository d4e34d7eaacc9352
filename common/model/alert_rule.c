/* Threshold rules: what violates one, how bad it is, and how it is said. */
#include <math.h>

#include "common/model/alert.h"

#include "common/base/num.h"

const char *alert_severity_name(enum alert_severity s)
{
    return s == ALERT_CRITICAL ? "critical" : "warning";
}

/* Dividing by 5 rounds once; 0.2 is not a double, and 0.2 * x would round twice. */
double alert_critical_distance(double threshold, double span)
{
    return fabs(threshold != 0 ? threshold : span) / 5;
}

bool alert_rule_violated(const struct alert_rule *rule, double value)
{
    return rule->side == ALERT_ABOVE ? value > rule->threshold : value < rule->threshold;
}

enum alert_severity alert_rule_severity(const struct alert_rule *rule, double value)
{
    double beyond = rule->side == ALERT_ABOVE ? value - rule->threshold : rule->threshold - value;
    return beyond > rule->critical_beyond ? ALERT_CRITICAL : ALERT_WARNING;
}

void alert_message(const struct alert_rule *rule, enum alert_severity severity, double value,
                   struct buf *out)
{
    char text[NUM_TEXT_MAX];
    num_format(value, text);
    buf_printf(out, "%s: %s value %s is %s threshold",
               severity == ALERT_CRITICAL ? "CRITICAL" : "WARNING", rule->sensor, text,
               rule->side == ALERT_ABOVE ? "above maximum" : "below minimum");
}
