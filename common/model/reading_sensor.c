/* Takes the sensors of a reading: the four that every reading knows, and up to 32 of its own. */
#include "common/model/reading_decoder.h"

static void add_sensor(struct reading_decoder *d, struct span name, double value)
{
    d->reading->sensor[d->reading->sensors++] =
        (struct reading_sensor){.name = name, .digits = d->member.text, .value = value};
}

void reading_take_sensor(struct reading_decoder *d)
{
    double value;
    bool good;
    switch (d->member.field) {
    case FIELD_BATTERY_LEVEL:
        good = reading_take_integer(d, 0, 100, &value);
        break;
    case FIELD_RSSI:
        good = reading_take_integer(d, -READING_INTEGER_MAX, READING_INTEGER_MAX, &value);
        break;
    default:
        good = reading_take_number(d, &value);
        break;
    }
    if (!good) {
        return;
    }
    /* An escaped name was decoded into memory that goes away; the constant stays. */
    static const char *const names[] = {
        [FIELD_TEMPERATURE_C] = "temperature_c",
        [FIELD_HUMIDITY] = "humidity",
        [FIELD_BATTERY_LEVEL] = "battery_level",
        [FIELD_RSSI] = "rssi",
    };
    add_sensor(d, d->member.name_escaped ? span_str(names[d->member.field]) : d->member.name,
               value);
}

static bool has_sensor(const struct reading *r, struct span name)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        if (span_eq(r->sensor[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool keep_name(struct reading_decoder *d, struct span *name)
{
    *name = d->member.name;
    if (!d->member.name_escaped) {
        return true;
    }
    if (d->name_bytes + name->len > READING_NAMES_SCRATCH) {
        reading_problem_member(d, PROBLEM_LENGTH, "too many sensor names with escapes");
        return false;
    }
    d->name_bytes += name->len;
    *name = reading_keep(d->reading, *name);
    return true;
}

static bool refuse_name(struct reading_decoder *d)
{
    bool known = d->member.field != FIELD_EXTRA;
    bool length = d->member.name.len < 1 || d->member.name.len > READING_SENSOR_NAME_MAX;
    if (known) {
        reading_problem_member(d, PROBLEM_TYPE, "is set by the server and not allowed here");
    } else if (length) {
        reading_problem_member(d, PROBLEM_LENGTH, "a sensor name must have 1 to %d characters",
                               READING_SENSOR_NAME_MAX);
    } else {
        reading_problem_member(d, PROBLEM_CHARACTERS,
                               "a sensor name must be letters, digits and _, no digit first");
    }
    return false;
}

/* Whether the member is a sensor at all. If not it is refused, or ignored where the mode says so.
 */
static bool is_sensor(struct reading_decoder *d)
{
    bool number = d->member.type == JSON_TOKEN_NUMBER && d->member.field == FIELD_EXTRA;
    bool named = reading_sensor_name_valid(d->member.name);
    if (named && has_sensor(d->reading, d->member.name)) {
        reading_problem_member(d, PROBLEM_DUPLICATE_FIELD, "is given twice");
        return false;
    }
    if (number && named) {
        return true;
    }
    if (d->profile->ignores_unknown) {
        d->reading->ignored++;
        return false;
    }
    return number || d->member.field != FIELD_EXTRA ? refuse_name(d)
                                                    : reading_refuse_type(d, "a number");
}

/* Every name that is not another field; also fields that only canonical records may have. */
void reading_take_extra(struct reading_decoder *d)
{
    double value;
    struct span name;
    if (d->profile->aliases && reading_alias_defer(d)) {
        return;
    }
    if (d->extras > READING_EXTRA_MAX || !is_sensor(d)) {
        return; /* refused already, or not to be kept */
    }
    if (++d->extras > READING_EXTRA_MAX) {
        reading_problem_member(d, PROBLEM_TOO_MANY_SENSORS, "at most %d extra sensors are allowed",
                               READING_EXTRA_MAX);
        return;
    }
    if (reading_take_number(d, &value) && keep_name(d, &name)) {
        add_sensor(d, name, value);
    }
}
