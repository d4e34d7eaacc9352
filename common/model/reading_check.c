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

static void require(struct reading_decoder *d, enum reading_field field, const char *name)
{
    if (!seen(d, field)) {
        reading_problem_field(d, PROBLEM_MISSING, name, "is required");
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

/* A reading that says nothing. Fields with problems count: those are told of already. */
static void check_content(struct reading_decoder *d)
{
    static const enum reading_field content[] = {FIELD_TEMPERATURE_C, FIELD_HUMIDITY,
                                                 FIELD_BATTERY_LEVEL, FIELD_RSSI,
                                                 FIELD_ONLINE,        FIELD_EXTRA};
    bool any = given(d, FIELD_LAT) || given(d, FIELD_LON);
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
    bool stamped = rules->mode == READING_CANONICAL && r->received_at_ms != 0;
    int64_t base_ms = stamped ? r->received_at_ms : rules->now_ms;
    int64_t ahead_ms = r->ts_ms - base_ms;
    if (ahead_ms > rules->max_future_skew_ms) {
        reading_problem_field(d, PROBLEM_FUTURE, seen(d, FIELD_TS) ? "ts" : "timestamp",
                              "is %lld ms ahead of the server's clock, allowed are %lld",
                              (long long)ahead_ms, (long long)rules->max_future_skew_ms);
    }
}

static void check_time(struct reading_decoder *d)
{
    if (d->ts_valid) {
        check_future(d);
    } else if (seen(d, FIELD_TS) || seen(d, FIELD_TIMESTAMP)) {
        return; /* told of already */
    } else if (d->rules->mode == READING_CANONICAL) {
        require(d, FIELD_TS, "ts");
    } else {
        d->reading->ts_ms = d->rules->now_ms;
        d->reading->ts_from_server = true;
    }
}

void reading_check(struct reading_decoder *d)
{
    require(d, FIELD_DEVICE_ID, "device_id");
    check_time(d);
    if (d->rules->mode == READING_LENIENT) {
        require(d, FIELD_TEMPERATURE_C, "temperature_c");
        require(d, FIELD_HUMIDITY, "humidity");
    } else {
        check_content(d);
    }
    check_position(d);
}
