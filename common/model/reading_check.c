/* The rules for a whole reading: what must be there, what goes together, and when it may be from.
 */
#include "common/model/reading_decoder.h"

static bool seen(const struct reading_decoder *d, enum reading_field field)
{
    return (d->seen & reading_field_bit(field)) != 0;
}

static bool given(const struct reading_decoder *d, enum reading_field field)
{
    return (d->given & reading_field_bit(field)) != 0;
}

static void refuse_missing(struct reading_decoder *d, enum reading_field field)
{
    static const char *const names[] = {
        [FIELD_DEVICE_ID] = "device_id", [FIELD_TS] = "ts",
        [FIELD_TIMESTAMP] = "timestamp", [FIELD_TEMPERATURE_C] = "temperature_c",
        [FIELD_HUMIDITY] = "humidity",   [FIELD_BATTERY_LEVEL] = "battery_level",
        [FIELD_RSSI] = "rssi",           [FIELD_ONLINE] = "online",
    };
    const char *alias = reading_alias_of(d, field);
    if (alias) {
        reading_problem_field(d, PROBLEM_MISSING, names[field], "is required (or %s)", alias);
    } else {
        reading_problem_field(d, PROBLEM_MISSING, names[field], "is required");
    }
}

static void check_required(struct reading_decoder *d)
{
    const uint32_t times = reading_field_bit(FIELD_TS) | reading_field_bit(FIELD_TIMESTAMP);
    uint32_t missing = d->profile->required & ~(d->seen & times ? d->seen | times : d->seen);
    for (unsigned field = 0; missing >> field != 0; field++) {
        if (missing >> field & 1) {
            refuse_missing(d, (enum reading_field)field);
        }
    }
}

static void check_position(struct reading_decoder *d)
{
    struct reading *r = d->reading;
    bool lat = given(d, FIELD_LAT), lon = given(d, FIELD_LON);
    if (lat != lon) {
        reading_problem_field(d, PROBLEM_MISSING, lat ? "lon" : "lat",
                              "must be given together with %s", lat ? "lat" : "lon");
    }
    r->has_position = r->lat_digits.len > 0 && r->lon_digits.len > 0;
}

/* Fields of other names: where unknown ones are ignored, only those that were not. */
static bool has_extra(const struct reading_decoder *d)
{
    return d->profile->ignores_unknown ? d->extras > 0 : seen(d, FIELD_EXTRA);
}

/* A reading that says nothing. Fields with problems count: those are told of already. */
static void check_content(struct reading_decoder *d)
{
    static const enum reading_field content[] = {FIELD_TEMPERATURE_C, FIELD_HUMIDITY,
                                                 FIELD_BATTERY_LEVEL, FIELD_RSSI, FIELD_ONLINE};
    bool any = given(d, FIELD_LAT) || given(d, FIELD_LON) || has_extra(d);
    for (size_t i = 0; i < sizeof(content) / sizeof(content[0]); i++) {
        any = any || seen(d, content[i]);
    }
    if (!any) {
        reading_problem_field(d, PROBLEM_MISSING, "",
                              "must have at least one sensor, online or a position");
    }
}

/* A canonical record is judged as of when ingest had it, so that its replay is judged alike. */
static void check_future(struct reading_decoder *d)
{
    const struct reading_rules *rules = d->rules;
    const struct reading *r = d->reading;
    int64_t base_ms = r->received_at_ms != 0 ? r->received_at_ms : rules->now_ms;
    int64_t ahead_ms = r->ts_ms - base_ms;
    if (ahead_ms > rules->max_future_skew_ms) {
        reading_problem_field(d, PROBLEM_FUTURE, seen(d, FIELD_TS) ? "ts" : "timestamp",
                              "is %lld ms ahead of the server's clock, allowed are %lld",
                              (long long)ahead_ms, (long long)rules->max_future_skew_ms);
    }
}

static void check_time(struct reading_decoder *d)
{
    const uint32_t times = reading_field_bit(FIELD_TS) | reading_field_bit(FIELD_TIMESTAMP);
    if (d->ts_valid) {
        check_future(d);
    } else if (!(d->seen & times) && !(d->profile->required & times)) {
        d->reading->ts_ms = d->rules->now_ms;
        d->reading->ts_from_server = true;
    } /* else it was told of already */
}

void reading_check(struct reading_decoder *d)
{
    check_required(d);
    check_time(d);
    if (d->profile->needs_content) {
        check_content(d);
    }
    check_position(d);
}
