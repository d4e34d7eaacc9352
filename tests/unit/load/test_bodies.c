/* The bodies: the same for the same seed, accepted as readings, and believable. */
#include "tools/load/bodies.h"

#include <math.h>
#include <stdio.h>

#include "common/model/reading.h"
#include "tests/unit/unit.h"

#define NOON INT64_C(1795255200000) /* 2026-11-21T10:00:00Z */

enum { DEVICES = 3, READINGS = 3000, STEP_MS = 1000 };

static void fill(struct buf *out, int64_t devices, uint64_t seed, int64_t start_ms)
{
    struct bodies *b = bodies_new(devices, seed);
    buf_clear(out);
    for (int i = 0; i < READINGS; i++) {
        bodies_next(b, start_ms + i * STEP_MS, out);
        buf_char(out, '\n');
    }
    bodies_free(b);
}

START_TEST(repeat_for_the_same_seed_only)
{
    struct buf first = {0}, second = {0};
    fill(&first, DEVICES, 7, NOON);
    fill(&second, DEVICES, 7, NOON);
    ck_assert(span_eq(buf_view(&first), buf_view(&second)));
    fill(&second, DEVICES, 8, NOON);
    ck_assert(!span_eq(buf_view(&first), buf_view(&second)));
    fill(&second, DEVICES, 7, NOON + 1);
    ck_assert(!span_eq(buf_view(&first), buf_view(&second)));
    buf_deinit(&first);
    buf_deinit(&second);
}
END_TEST

/* The bytes are a promise to whoever compares two runs: a change here is a change of behaviour. */
START_TEST(have_fixed_bytes)
{
    struct bodies *b = bodies_new(2, 1);
    struct buf out = {0};
    bodies_next(b, NOON, &out);
    bodies_next(b, NOON + 500, &out);
    ck_assert_str_eq(buf_cstr(&out),
                     "{\"device_id\":\"dev-1\",\"ts\":\"2026-11-21T10:00:00.000Z\","
                     "\"temperature_c\":22.76,\"humidity\":42.04,\"battery_level\":24,"
                     "\"rssi\":-77,\"online\":true,\"seq\":1}"
                     "{\"device_id\":\"dev-2\",\"ts\":\"2026-11-21T10:00:00.500Z\","
                     "\"temperature_c\":19.66,\"humidity\":45.29,\"battery_level\":66,"
                     "\"rssi\":-61,\"online\":true,\"seq\":1}");
    bodies_free(b);
    buf_deinit(&out);
}
END_TEST

static double sensor(const struct reading *r, const char *name)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        if (span_is(r->sensor[i].name, name)) {
            return r->sensor[i].value;
        }
    }
    ck_abort_msg("no %s", name);
    return NAN;
}

static void must_be_believable(const struct reading *r)
{
    double temperature = sensor(r, "temperature_c"), humidity = sensor(r, "humidity");
    double battery = sensor(r, "battery_level"), rssi = sensor(r, "rssi");
    if (!(temperature > 0 && temperature < 40 && humidity >= 5 && humidity <= 95 && battery >= 5 &&
          battery <= 100 && battery == rint(battery) && rssi > -90 && rssi < -40 && r->has_online &&
          !r->has_position)) {
        ck_abort_msg("%g C, %g %%, battery %g, %g dBm", temperature, humidity, battery, rssi);
    }
}

START_TEST(are_readings)
{
    struct bodies *b = bodies_new(DEVICES, 3);
    struct buf body = {0};
    double before[DEVICES] = {0};
    for (int i = 0; i < READINGS; i++) {
        struct reading r = {0};
        struct reading_problems problems = {0};
        struct reading_rules rules = {.mode = READING_STRICT, .now_ms = NOON + i * STEP_MS};
        char id[16];
        buf_clear(&body);
        bodies_next(b, rules.now_ms, &body);
        snprintf(id, sizeof id, "dev-%d", i % DEVICES + 1);
        if (reading_decode(&r, buf_view(&body), &rules, &problems) != 0 ||
            !span_is(r.device_id, id) || r.ts_ms != rules.now_ms || !r.has_seq ||
            r.seq != i / DEVICES + 1) {
            ck_abort_msg("%s: %s", buf_cstr(&body), problems.item[0].message);
        }
        must_be_believable(&r);
        double now = sensor(&r, "temperature_c");
        if (i >= DEVICES && fabs(now - before[i % DEVICES]) > 0.5) {
            ck_abort_msg("from %g to %g C in a moment", before[i % DEVICES], now);
        }
        before[i % DEVICES] = now;
    }
    bodies_free(b);
    buf_deinit(&body);
}
END_TEST

START_TEST(work_before_1970_and_for_many_devices)
{
    struct bodies *b = bodies_new(100000, UINT64_MAX);
    struct buf body = {0};
    for (int i = 0; i < 200000; i++) {
        buf_clear(&body);
        bodies_next(b, -INT64_C(60000000000000) + i, &body);
    }
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "\"device_id\":\"dev-100000\""));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "\"seq\":2}"));
    bodies_free(b);
    buf_deinit(&body);
}
END_TEST

UNIT_CASE(bodies)
{
    tcase_add_test(tc, repeat_for_the_same_seed_only);
    tcase_add_test(tc, have_fixed_bytes);
    tcase_add_test(tc, are_readings);
    tcase_add_test(tc, work_before_1970_and_for_many_devices);
}
