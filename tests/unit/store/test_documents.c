/* Documents: what goes into the store comes back bit for bit, whatever devices send. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "common/store/documents.h"
#include "tests/unit/unit.h"

enum { ROUNDS = 2000 };

/* Strings that mean something to the store elsewhere; here they are only values. */
static const char *const hostile[] = {"dev-1",
                                      "$rev",
                                      "$$ROOT",
                                      "$where",
                                      "a.b.c",
                                      "{\"$gt\":\"\"}",
                                      "..",
                                      "$",
                                      "p3",
                                      "_id",
                                      "%s%n",
                                      "null",
                                      " ",
                                      "Ger\xc3\xa4t-1",
                                      "\xf0\x9f\x8c\xa1",
                                      "telemetry/1"};
static const char *const names[] = {"temperature_c", "_id",        "origin",    "key",
                                    "battery_level", "rssi",       "__proto__", "ts",
                                    "sensor_",       "received_at"};

static const char *pick(struct rng *r, const char *const *from, size_t count)
{
    return from[rng_below(r, (uint32_t)count)];
}
#define PICK(r, list) pick((r), (list), sizeof(list) / sizeof *(list))

static double any_double(struct rng *r)
{
    static const double special[] = {0.0,     -0.0,         1.0,          -61.0,        87.0,
                                     DBL_MAX, -DBL_MAX,     DBL_MIN,      5e-324,       1e300,
                                     21.5,    2147483647.0, 2147483648.0, -2147483648.0};
    if (rng_below(r, 3) == 0)
        return special[rng_below(r, sizeof special / sizeof *special)];
    for (;;) {
        uint64_t bits = rng_u64(r);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v))
            return v;
    }
}

static int64_t any_ms(struct rng *r)
{
    return (int64_t)(rng_u64(r) % UINT64_C(400000000000000)) - INT64_C(62000000000000);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* --- readings */

static void any_reading(struct rng *r, struct reading *out)
{
    memset(out, 0, sizeof *out);
    out->device_id = span_str(PICK(r, hostile));
    out->ts_ms = any_ms(r);
    out->received_at_ms = rng_below(r, 4) ? any_ms(r) : 0;
    out->has_position = rng_below(r, 2);
    out->lat = out->has_position ? any_double(r) : 0;
    out->lon = out->has_position ? any_double(r) : 0;
    out->has_online = rng_below(r, 2);
    out->online = out->has_online && rng_below(r, 2);
    out->has_seq = rng_below(r, 2);
    out->seq = out->has_seq ? (int64_t)rng_u64(r) : 0;
    out->key = rng_below(r, 2) ? span_str(PICK(r, hostile)) : span_of(NULL, 0);
    unsigned first = rng_below(r, 10);
    out->sensors = rng_below(r, 10);
    for (unsigned i = 0; i < out->sensors; i++)
        out->sensor[i] = (struct reading_sensor){.name = span_str(names[(first + i) % 10]),
                                                 .value = any_double(r)};
}

static void check_reading(const struct reading *a, const struct reading *b)
{
    ck_assert(span_eq(a->device_id, b->device_id));
    ck_assert(span_eq(a->key, b->key));
    ck_assert_int_eq(a->ts_ms, b->ts_ms);
    ck_assert_int_eq(a->received_at_ms, b->received_at_ms);
    ck_assert(a->has_position == b->has_position && same_bits(a->lat, b->lat) &&
              same_bits(a->lon, b->lon));
    ck_assert(a->has_online == b->has_online && a->online == b->online);
    ck_assert(a->has_seq == b->has_seq && a->seq == b->seq);
    ck_assert_uint_eq(a->sensors, b->sensors);
    for (unsigned i = 0; i < a->sensors; i++) {
        ck_assert(span_eq(a->sensor[i].name, b->sensor[i].name));
        ck_assert(same_bits(a->sensor[i].value, b->sensor[i].value));
    }
    ck_assert(reading_same_contents(a, b));
}

START_TEST(readings_come_back)
{
    struct rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < ROUNDS; i++) {
        struct reading in, out;
        struct reading_id id;
        struct document_origin origin;
        bson_t doc = BSON_INITIALIZER;
        any_reading(&r, &in);
        for (int k = 0; k < READING_ID_BYTES; k++)
            id.byte[k] = (uint8_t)rng_u32(&r);
        int32_t partition = (int32_t)rng_below(&r, 1000);
        int64_t offset = (int64_t)(rng_u64(&r) >> 1);
        document_raw_encode(&doc, &in, &id, partition, offset);
        ck_assert(bson_validate(&doc,
                                BSON_VALIDATE_UTF8 | BSON_VALIDATE_DOT_KEYS |
                                    BSON_VALIDATE_DOLLAR_KEYS | BSON_VALIDATE_EMPTY_KEYS,
                                NULL));
        ck_assert(document_raw_decode(&doc, &out, &origin));
        check_reading(&in, &out);
        ck_assert_int_eq(origin.partition, partition);
        ck_assert_int_eq(origin.offset, offset);
        bson_destroy(&doc);
    }
}
END_TEST

START_TEST(a_reading_has_the_fields_of_the_contract)
{
    struct reading r = {.device_id = span_str("dev-1"),
                        .ts_ms = 1763719200123,
                        .received_at_ms = 1763719200200,
                        .has_position = true,
                        .lat = 32.1,
                        .lon = 34.9,
                        .has_online = true,
                        .online = true,
                        .has_seq = true,
                        .seq = 42};
    r.sensor[r.sensors++] =
        (struct reading_sensor){.name = span_str("temperature_c"), .value = 21.5};
    r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str("battery_level"), .value = 87};
    r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str("rssi"), .value = -61.5};
    r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str("_id"), .value = 3};
    const struct reading_id id = {.byte = {0x69, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
    bson_t doc = BSON_INITIALIZER;
    document_raw_encode(&doc, &r, &id, 3, 17);
    char *json = bson_as_canonical_extended_json(&doc, NULL);
    ck_assert_str_eq(
        json, "{ \"_id\" : { \"$oid\" : \"690102030405060708090a0b\" }, \"device_id\" : \"dev-1\", "
              "\"ts\" : { \"$date\" : { \"$numberLong\" : \"1763719200123\" } }, "
              "\"temperature_c\" : { \"$numberDouble\" : \"21.5\" }, "
              "\"battery_level\" : { \"$numberInt\" : \"87\" }, "
              "\"rssi\" : { \"$numberDouble\" : \"-61.5\" }, "
              "\"sensor-_id\" : { \"$numberDouble\" : \"3.0\" }, "
              "\"lat\" : { \"$numberDouble\" : \"32.100000000000001421\" }, "
              "\"lon\" : { \"$numberDouble\" : \"34.899999999999998579\" }, \"online\" : true, "
              "\"seq\" : { \"$numberLong\" : \"42\" }, "
              "\"received_at\" : { \"$date\" : { \"$numberLong\" : \"1763719200200\" } }, "
              "\"origin\" : { \"p\" : { \"$numberInt\" : \"3\" }, "
              "\"o\" : { \"$numberLong\" : \"17\" } } }");
    bson_free(json);
    bson_destroy(&doc);
}
END_TEST

/* --- windows */

static void any_sum(struct rng *r, struct exact_sum *s)
{
    s->n = (uint8_t)rng_below(r, EXACT_SUM_PARTS + 1);
    for (int i = 0; i < s->n; i++)
        s->part[i] = any_double(r);
    s->inexact = rng_below(r, 8) == 0;
    s->overflow = rng_below(r, 8) == 0;
}

static void any_window(struct rng *r, struct window *w)
{
    window_init(w, window_start(any_ms(r), WINDOW_DEFAULT_MS));
    w->rev = (int64_t)(rng_u64(r) >> 2);
    w->late = rng_below(r, 1000);
    w->final = rng_below(r, 2);
    w->shares = w->shares_cap = 1 + (rng_below(r, 3) ? 0 : rng_below(r, 4));
    w->share = xcalloc(w->shares, sizeof *w->share);
    for (unsigned i = 0; i < w->shares; i++) {
        struct window_stats *s = &w->share[i].stats;
        w->share[i].partition = (int32_t)(i * 3 + rng_below(r, 3));
        w->share[i].src = (int64_t)(rng_u64(r) >> 1);
        s->count = 1 + rng_u64(r) % 1000000;
        any_sum(r, &s->sum);
        any_sum(r, &s->squares);
        s->min = any_double(r), s->max = any_double(r);
        s->first = any_double(r), s->last = any_double(r);
        s->first_ms = any_ms(r), s->last_ms = any_ms(r);
    }
}

static void check_sum(const struct exact_sum *a, const struct exact_sum *b)
{
    ck_assert(a->n == b->n && a->inexact == b->inexact && a->overflow == b->overflow);
    ck_assert(memcmp(a->part, b->part, sizeof a->part) == 0);
}

static void check_share(const struct window_share *a, const struct window_share *b)
{
    const struct window_stats *s = &a->stats, *t = &b->stats;
    ck_assert_int_eq(a->partition, b->partition);
    ck_assert_int_eq(a->src, b->src);
    ck_assert_uint_eq(s->count, t->count);
    check_sum(&s->sum, &t->sum);
    check_sum(&s->squares, &t->squares);
    ck_assert(same_bits(s->min, t->min) && same_bits(s->max, t->max));
    ck_assert(same_bits(s->first, t->first) && same_bits(s->last, t->last));
    ck_assert(s->first_ms == t->first_ms && s->last_ms == t->last_ms);
}

START_TEST(windows_come_back)
{
    struct rng r;
    rng_seed(&r, 11);
    for (int i = 0; i < ROUNDS; i++) {
        struct window in, out;
        bson_t doc = BSON_INITIALIZER;
        any_window(&r, &in);
        window_init(&out, 0);
        document_window_encode(&doc, span_str(PICK(&r, hostile)), span_str(PICK(&r, names)), &in,
                               in.rev + 1, any_ms(&r));
        ck_assert(document_window_decode(&doc, &out));
        ck_assert_int_eq(out.start_ms, in.start_ms);
        ck_assert_int_eq(out.rev, in.rev + 1);
        ck_assert_uint_eq(out.late, in.late);
        ck_assert(out.final == in.final);
        ck_assert_uint_eq(out.shares, in.shares);
        for (unsigned k = 0; k < in.shares; k++)
            check_share(&in.share[k], &out.share[k]);
        bson_destroy(&doc);
        window_deinit(&in);
        window_deinit(&out);
    }
}
END_TEST

static int64_t int_at(const bson_t *doc, const char *path)
{
    bson_iter_t iter, at;
    ck_assert(bson_iter_init(&iter, doc));
    ck_assert_msg(bson_iter_find_descendant(&iter, path, &at), "%s", path);
    return BSON_ITER_HOLDS_DATE_TIME(&at) ? bson_iter_date_time(&at) : bson_iter_as_int64(&at);
}

static double double_at(const bson_t *doc, const char *path)
{
    bson_iter_t iter, at;
    ck_assert(bson_iter_init(&iter, doc));
    ck_assert_msg(bson_iter_find_descendant(&iter, path, &at), "%s", path);
    return BSON_ITER_HOLDS_NULL(&at) ? NAN : bson_iter_as_double(&at);
}

START_TEST(a_window_has_the_fields_of_the_contract)
{
    struct window w;
    window_init(&w, 1763719200000);
    static const double values[] = {20, 21, 25};
    for (int i = 0; i < 3; i++)
        ck_assert(window_fold(&w, 3, 100 + i, 1763719200000 + i * 1000, values[i]));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t iter;
    document_window_encode(&doc, span_str("dev-1"), span_str("temperature_c"), &w, 1,
                           1763719260000);
    ck_assert(bson_iter_init_find(&iter, &doc, "_id"));
    ck_assert_str_eq(bson_iter_utf8(&iter, NULL), "temperature_c/1763719200/dev-1");
    ck_assert(bson_iter_init_find(&iter, &doc, "timestamp") && BSON_ITER_HOLDS_DATE_TIME(&iter));
    ck_assert_int_eq(int_at(&doc, "timestamp"), 1763719200000);
    ck_assert_int_eq(int_at(&doc, "last_updated"), 1763719260000);
    ck_assert_int_eq(int_at(&doc, "count"), 3);
    ck_assert_int_eq(int_at(&doc, "rev"), 1);
    ck_assert_int_eq(int_at(&doc, "late"), 0);
    ck_assert_int_eq(int_at(&doc, "src.p3"), 102);
    ck_assert_double_eq(double_at(&doc, "sum"), 66);
    ck_assert_double_eq(double_at(&doc, "average"), 22);
    ck_assert_double_eq(double_at(&doc, "min"), 20);
    ck_assert_double_eq(double_at(&doc, "max"), 25);
    ck_assert_double_eq(double_at(&doc, "first"), 20);
    ck_assert_double_eq(double_at(&doc, "last"), 25);
    ck_assert_double_eq_tol(double_at(&doc, "stddev"), 2.160246899469287, 1e-15);
    bson_destroy(&doc);
    window_deinit(&w);
}
END_TEST

START_TEST(what_is_not_finite_is_null)
{
    struct window w;
    window_init(&w, 0);
    window_fold(&w, 0, 1, 0, DBL_MAX);
    window_fold(&w, 0, 2, 0, DBL_MAX);
    bson_t doc = BSON_INITIALIZER;
    document_window_encode(&doc, span_str("d"), span_str("s"), &w, 1, 0);
    ck_assert(isnan(double_at(&doc, "stddev")));
    struct window out;
    window_init(&out, 0);
    ck_assert(document_window_decode(&doc, &out));
    check_share(&w.share[0], &out.share[0]);
    bson_destroy(&doc);
    window_deinit(&w);
    window_deinit(&out);
}
END_TEST

static void must_not_decode_window(const char *json)
{
    struct window w;
    window_init(&w, 0);
    bson_t *doc = bson_new_from_json((const uint8_t *)json, -1, NULL);
    ck_assert_ptr_nonnull(doc);
    ck_assert_msg(!document_window_decode(doc, &w), "%s", json);
    bson_destroy(doc);
    window_deinit(&w);
}

START_TEST(foreign_windows_are_refused)
{
    must_not_decode_window("{}");
    must_not_decode_window("{\"_id\":1,\"timestamp\":{\"$date\":1},\"rev\":1,\"late\":0,"
                           "\"final\":false}");
    must_not_decode_window("{\"timestamp\":{\"$date\":1},\"rev\":1,\"late\":0,\"final\":false,"
                           "\"acc\":[1]}");
    must_not_decode_window("{\"timestamp\":{\"$date\":1},\"rev\":1,\"late\":0,\"final\":false,"
                           "\"acc\":[{\"p\":0,\"o\":1,\"first_ms\":0,\"last_ms\":0,"
                           "\"sum\":[1.0,1.0,1.0,1.0,1.0,1.0,1.0],\"squares\":[]}]}");
}
END_TEST

/* --- devices */

static void any_device(struct rng *r, struct device_state *d)
{
    device_state_init(d, span_str(PICK(r, hostile)));
    d->rev = (int64_t)(rng_u64(r) >> 2);
    d->last_seen_ms = any_ms(r), d->last_ts_ms = any_ms(r);
    d->first_seen_ms = rng_below(r, 2) ? any_ms(r) : 0;
    d->skew_ms = any_ms(r);
    d->has_position = rng_below(r, 2);
    if (d->has_position)
        d->lat = any_double(r), d->lon = any_double(r), d->position_ms = any_ms(r);
    d->has_online = rng_below(r, 2);
    if (d->has_online)
        d->online = rng_below(r, 2), d->online_ms = any_ms(r);
    if (rng_below(r, 2)) {
        d->status_ms = any_ms(r), d->status_received_ms = any_ms(r);
        d->status_id.byte[rng_below(r, READING_ID_BYTES)] = 9;
    }
    d->sensors = d->sensors_cap = rng_below(r, DEVICE_SENSORS_MAX + 1);
    d->sensor = xcalloc(d->sensors, sizeof *d->sensor);
    for (unsigned i = 0; i < d->sensors; i++) {
        snprintf(d->sensor[i].name, sizeof d->sensor[i].name, "%s%u", PICK(r, names), i);
        d->sensor[i].value = any_double(r);
        d->sensor[i].ts_ms = any_ms(r);
    }
    d->shares = d->shares_cap = 1 + rng_below(r, 3);
    d->share = xcalloc(d->shares, sizeof *d->share);
    for (unsigned i = 0; i < d->shares; i++) {
        d->share[i] =
            (struct device_share){.partition = (int32_t)i, .src = any_ms(r), .readings = i};
        int64_t at = any_ms(r);
        for (uint32_t n = rng_below(r, 50); n > 0; n--)
            cadence_note(&d->share[i].cadence, at += 1 + rng_below(r, UINT32_MAX));
    }
}

static void check_device(const struct device_state *a, const struct device_state *b)
{
    ck_assert_str_eq(a->device_id, b->device_id);
    ck_assert_int_eq(a->last_seen_ms, b->last_seen_ms);
    ck_assert_int_eq(a->last_ts_ms, b->last_ts_ms);
    ck_assert_int_eq(a->first_seen_ms, b->first_seen_ms);
    ck_assert_int_eq(a->skew_ms, b->skew_ms);
    ck_assert(a->has_position == b->has_position && same_bits(a->lat, b->lat) &&
              same_bits(a->lon, b->lon) && a->position_ms == b->position_ms);
    ck_assert(a->has_online == b->has_online && a->online == b->online &&
              a->online_ms == b->online_ms);
    ck_assert(a->status_ms == b->status_ms && a->status_received_ms == b->status_received_ms);
    ck_assert(memcmp(&a->status_id, &b->status_id, sizeof a->status_id) == 0);
    ck_assert_uint_eq(a->sensors, b->sensors);
    for (unsigned i = 0; i < a->sensors; i++)
        ck_assert(strcmp(a->sensor[i].name, b->sensor[i].name) == 0 &&
                  same_bits(a->sensor[i].value, b->sensor[i].value) &&
                  a->sensor[i].ts_ms == b->sensor[i].ts_ms);
    ck_assert_uint_eq(a->shares, b->shares);
    for (unsigned i = 0; i < a->shares; i++)
        ck_assert(a->share[i].partition == b->share[i].partition &&
                  a->share[i].src == b->share[i].src &&
                  a->share[i].readings == b->share[i].readings &&
                  cadence_equal(&a->share[i].cadence, &b->share[i].cadence));
}

START_TEST(devices_come_back)
{
    struct rng r;
    rng_seed(&r, 13);
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct device_state in, out;
        bson_t doc = BSON_INITIALIZER;
        any_device(&r, &in);
        device_state_init(&out, span_str(in.device_id));
        document_device_encode(&doc, &in, in.rev + 1);
        ck_assert(document_device_decode(&doc, &out));
        ck_assert_int_eq(out.rev, in.rev + 1);
        check_device(&in, &out);
        bson_destroy(&doc);
        device_state_deinit(&in);
        device_state_deinit(&out);
    }
}
END_TEST

START_TEST(battery_and_signal_are_also_at_the_top)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    struct reading r = {.device_id = span_str("dev-1"), .ts_ms = 1000, .received_at_ms = 2000};
    r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str("battery_level"), .value = 12};
    r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str("rssi"), .value = -70};
    ck_assert(device_state_fold(&d, 2, 5, &r));
    bson_t doc = BSON_INITIALIZER;
    document_device_encode(&doc, &d, 1);
    ck_assert_int_eq(int_at(&doc, "battery_level"), 12);
    ck_assert_int_eq(int_at(&doc, "rssi"), -70);
    ck_assert_int_eq(int_at(&doc, "counts.readings"), 1);
    ck_assert_int_eq(int_at(&doc, "src.p2"), 5);
    ck_assert_int_eq(int_at(&doc, "status.timestamp"), 1000);
    ck_assert_int_eq(int_at(&doc, "last_seen"), 2000);
    bson_destroy(&doc);
    device_state_deinit(&d);
}
END_TEST

START_TEST(totals_that_do_not_follow_from_the_shares_are_noticed)
{
    static const char *const fields[] = {"count", "min", "max",     "first",
                                         "last",  "sum", "average", "stddev"};
    struct window w, back;
    struct document_stats_pair wrong;
    bson_t doc = BSON_INITIALIZER;
    window_init(&w, 60000);
    for (int64_t o = 0; o < 4; o++)
        window_fold(&w, (int32_t)(o % 2), o, 60000 + o, 1.5 * (double)o);
    document_window_encode(&doc, span_str("dev-1"), span_str("a"), &w, 1, 7);
    ck_assert(document_window_sound(&doc, &w, &wrong));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        bson_t damaged = BSON_INITIALIZER;
        bson_copy_to_excluding_noinit(&doc, &damaged, fields[i], NULL);
        if (i == 0)
            BSON_APPEND_INT64(&damaged, fields[i], 99);
        else
            BSON_APPEND_DOUBLE(&damaged, fields[i], 99.5);
        window_init(&back, 60000);
        ck_assert(document_window_decode(&damaged, &back));
        ck_assert(!document_window_sound(&damaged, &back, &wrong));
        ck_assert_str_eq(wrong.field, fields[i]);
        ck_assert_double_eq(wrong.stored, i == 0 ? 99 : 99.5);
        window_deinit(&back);
        bson_destroy(&damaged);
    }
    window_deinit(&w);
    bson_destroy(&doc);
}
END_TEST

UNIT_CASE(documents)
{
    tcase_add_test(tc, readings_come_back);
    tcase_add_test(tc, a_reading_has_the_fields_of_the_contract);
    tcase_add_test(tc, windows_come_back);
    tcase_add_test(tc, a_window_has_the_fields_of_the_contract);
    tcase_add_test(tc, what_is_not_finite_is_null);
    tcase_add_test(tc, foreign_windows_are_refused);
    tcase_add_test(tc, devices_come_back);
    tcase_add_test(tc, battery_and_signal_are_also_at_the_top);
    tcase_add_test(tc, totals_that_do_not_follow_from_the_shares_are_noticed);
}
