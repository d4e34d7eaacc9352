/* What each mode asks of a reading, as rows: which fields must be there, what else may be, and
 * which other names fields go by. */
#include "common/model/reading_decoder.h"

#define BIT(field) (UINT32_C(1) << (field))

/* The older systems' POST /telemetry. */
static const struct reading_alias telemetry_aliases[] = {
    {.name = "source", .field = FIELD_DEVICE_ID},
    {.name = "temperature", .field = FIELD_TEMPERATURE_C},
    {.name = "humidity_pct", .field = FIELD_HUMIDITY},
    {0},
};

const struct reading_profile reading_profiles[READING_MODES] = {
    [READING_LENIENT] = {.ignores_unknown = true,
                         .required =
                             BIT(FIELD_DEVICE_ID) | BIT(FIELD_TEMPERATURE_C) | BIT(FIELD_HUMIDITY)},
    [READING_STRICT] = {.needs_content = true, .required = BIT(FIELD_DEVICE_ID)},
    [READING_CANONICAL] = {.needs_content = true,
                           .server_fields = true,
                           .required = BIT(FIELD_DEVICE_ID) | BIT(FIELD_TS)},
    [READING_LINES] = {.ignores_unknown = true,
                       .needs_content = true,
                       .required = BIT(FIELD_DEVICE_ID)},
    [READING_TELEMETRY] = {.ignores_unknown = true,
                           .required = BIT(FIELD_DEVICE_ID) | BIT(FIELD_TEMPERATURE_C),
                           .aliases = telemetry_aliases},
    [READING_STATUS] = {.ignores_unknown = true,
                        .required = BIT(FIELD_DEVICE_ID) | BIT(FIELD_TIMESTAMP) |
                                    BIT(FIELD_BATTERY_LEVEL) | BIT(FIELD_RSSI) | BIT(FIELD_ONLINE)},
};

bool reading_alias_defer(struct reading_decoder *d)
{
    const struct reading_alias *alias = d->profile->aliases;
    unsigned i = 0;
    for (; alias && alias[i].name; i++)
        if (span_is(d->member.name, alias[i].name))
            break;
    if (!alias || !alias[i].name)
        return false;
    if (d->deferred_bits & BIT(i)) {
        reading_problem_member(d, PROBLEM_DUPLICATE_FIELD, "is given twice");
        return true;
    }
    d->deferred_bits |= BIT(i);
    /* As an escaped name, it stands for the field's own name and does not live in the input. */
    d->member.name = span_str(alias[i].name);
    d->member.name_escaped = true;
    d->member.field = alias[i].field;
    d->deferred[i] = d->member;
    return true;
}

const char *reading_alias_of(const struct reading_decoder *d, enum reading_field field)
{
    const struct reading_alias *alias = d->profile->aliases;
    for (; alias && alias->name; alias++)
        if (alias->field == field)
            return alias->name;
    return NULL;
}
