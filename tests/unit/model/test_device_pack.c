/* A packed last state is the state it was, whatever it holds, and goes on as that would have. */
#include "common/model/device_pack.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

static const char *const names[] = {
    "temperature_c", "humidity", "battery_level",
    "rssi",          "x",        "a_name_of_sixty_four_characters_which_is_as_long_as_any_can_be_"};

enum { NAMES = sizeof names / sizeof names[0] };

static struct reading any_reading(struct rng *rng, int64_t ts_ms)
{
    struct reading r = {.device_id = span_str("d"), .ts_ms = ts_ms};
    r.received_at_ms = ts_ms + rng_below(rng, 100000) - 50000;
    for (unsigned i = 0; i < NAMES; i++)
        if (rng_below(rng, 3) == 0)
            r.sensor[r.sensors++] = (struct reading_sensor){.name = span_str(names[i]),
                                                            .value = rng_below(rng, 1000) - 500.25};
    r.has_position = rng_below(rng, 5) == 0;
    r.lat = rng_below(rng, 90), r.lon = -(double)rng_below(rng, 90);
    r.has_online = rng_below(rng, 5) == 0;
    r.online = rng_below(rng, 2);
    return r;
}

static void check_sensors(const struct device_state *a, const struct device_state *b)
{
    ck_assert_uint_eq(a->sensors, b->sensors);
    for (unsigned i = 0; i < a->sensors; i++) {
        ck_assert_str_eq(a->sensor[i].name, b->sensor[i].name);
        ck_assert_int_eq(a->sensor[i].ts_ms, b->sensor[i].ts_ms);
        ck_assert_double_eq(a->sensor[i].value, b->sensor[i].value);
    }
}

static void check_shares(const struct device_state *a, const struct device_state *b)
{
    ck_assert_uint_eq(a->shares, b->shares);
    for (unsigned i = 0; i < a->shares; i++) {
        const struct device_share *x = &a->share[i], *y = &b->share[i];
        ck_assert(x->partition == y->partition && x->src == y->src && x->readings == y->readings);
        ck_assert(cadence_equal(&x->cadence, &y->cadence));
    }
}

static void check_same(const struct device_state *a, const struct device_state *b)
{
    ck_assert(a->last_seen_ms == b->last_seen_ms && a->last_ts_ms == b->last_ts_ms);
    ck_assert(a->first_seen_ms == b->first_seen_ms && a->skew_ms == b->skew_ms);
    ck_assert(a->has_position == b->has_position && a->has_online == b->has_online);
    ck_assert(a->lat == b->lat && a->lon == b->lon && a->position_ms == b->position_ms);
    ck_assert(a->online == b->online && a->online_ms == b->online_ms);
    ck_assert(a->status_ms == b->status_ms && a->status_received_ms == b->status_received_ms);
    ck_assert_mem_eq(&a->status_id, &b->status_id, sizeof a->status_id);
    check_sensors(a, b);
    check_shares(a, b);
}

/* `worn` is packed and unpacked at every step, into a place that held other states before. The
 * bytes stand at the end of their allocation, where a sanitizer sees one too many. */
static void wear(struct device_state *worn)
{
    size_t size = device_pack_size(worn);
    uint8_t *bytes = malloc(size);
    device_pack(worn, bytes);
    device_unpack(worn, bytes);
    ck_assert_uint_eq(device_pack_size(worn), size);
    free(bytes);
}

/* What comes of folding the reading into packed bytes is what comes of packing `after`. Returns
 * whether it could be done. */
static bool fold_packed(const struct device_state *before, const struct device_state *after,
                        int32_t partition, int64_t offset, const struct reading *r)
{
    size_t size = device_pack_size(before), size_after = device_pack_size(after);
    uint8_t *bytes = malloc(size), *was = malloc(size), *will = malloc(size_after);
    device_pack(before, bytes);
    device_pack(before, was);
    device_pack(after, will);
    enum pack_fold done = device_pack_fold(bytes, partition, offset, r);
    bool folded = done == PACK_FOLDED;
    if (folded)
        ck_assert_uint_eq(size, size_after);
    ck_assert_mem_eq(bytes, folded ? will : was, size);
    if (done == PACK_REPLAY)
        ck_assert(size == size_after && memcmp(was, will, size) == 0);
    free(bytes), free(was), free(will);
    return folded;
}

/* A life with one partition, or for a while with two; with gaps of either size, and repetitions. */
static unsigned live_packed(uint64_t seed)
{
    struct rng rng;
    struct device_state before, after;
    rng_seed(&rng, seed);
    device_state_init(&before, span_str("d"));
    device_state_init(&after, span_str("d"));
    uint32_t longest_ms = seed % 2 ? 15000 : 40000; /* some gaps get longer: offsets repeat */
    int64_t ts_ms = (int64_t)rng_below(&rng, 1000000) - 500000;
    unsigned folded = 0;
    for (int i = 2; i < 200; i++) {
        ts_ms += (int64_t)rng_below(&rng, longest_ms) - longest_ms / 10;
        struct reading r = any_reading(&rng, ts_ms);
        int32_t partition = seed % 3 == 0 && i > 100;
        int64_t offset = i - (int)rng_below(&rng, 3);
        device_state_fold(&after, partition, offset, &r);
        folded += fold_packed(&before, &after, partition, offset, &r);
        device_state_fold(&before, partition, offset, &r);
    }
    device_state_deinit(&before);
    device_state_deinit(&after);
    return folded;
}

START_TEST(folding_is_the_same_packed_and_unpacked)
{
    unsigned folded = 0;
    for (uint64_t seed = 1; seed <= 100; seed++)
        folded += live_packed(seed);
    ck_assert_uint_gt(folded, 5000);
}
END_TEST

static void live(uint64_t seed, struct device_state *worn)
{
    struct rng rng;
    struct device_state plain;
    rng_seed(&rng, seed);
    device_state_init(&plain, span_str("d"));
    uint32_t longest_ms = rng_below(&rng, 2) ? 60000 : 300000; /* gaps of two bytes, or of four */
    int64_t ts_ms = (int64_t)rng_below(&rng, 1000000) - 500000;
    for (int i = 0; i < 120; i++) {
        ts_ms += (int64_t)rng_below(&rng, longest_ms) - longest_ms / 10;
        struct reading r = any_reading(&rng, ts_ms);
        int32_t partition = (int32_t)rng_below(&rng, 3);
        ck_assert(device_state_fold(&plain, partition, i, &r) ==
                  device_state_fold(worn, partition, i, &r));
        wear(worn);
        check_same(&plain, worn);
    }
    device_state_deinit(&plain);
}

START_TEST(packing_changes_nothing)
{
    static const uint8_t nothing[35];
    struct device_state worn;
    device_state_init(&worn, span_str("d"));
    ck_assert_uint_eq(device_pack_size(&worn), sizeof nothing);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        device_unpack(&worn, nothing);
        live(seed, &worn);
        ck_assert_str_eq(worn.device_id, "d");
    }
    device_state_deinit(&worn);
}
END_TEST

/* As many sensors and shares as no device has; one byte does not count them. */
START_TEST(any_number_of_sensors_is_packed)
{
    enum { N = 300 };
    struct device_state d, again;
    device_state_init(&d, span_str("d"));
    device_state_init(&again, span_str("d"));
    d.sensors = d.sensors_cap = d.shares = d.shares_cap = N;
    d.sensor = calloc(N, sizeof *d.sensor);
    d.share = calloc(N, sizeof *d.share);
    for (int i = 0; i < N; i++) {
        d.sensor[i].ts_ms = d.share[i].src = i;
        d.sensor[i].name[0] = (char)('a' + i % 26);
    }
    uint8_t *bytes = malloc(device_pack_size(&d));
    device_pack(&d, bytes);
    device_unpack(&again, bytes);
    check_same(&d, &again);
    free(bytes);
    device_state_deinit(&d);
    device_state_deinit(&again);
}
END_TEST

/* The figures of the header. */
START_TEST(two_sensors_and_a_full_cadence_take_185_bytes)
{
    static const int64_t pace_ms[] = {60000, 66000};
    static const size_t bytes[] = {185, 249};
    for (int pace = 0; pace < 2; pace++) {
        struct device_state d;
        device_state_init(&d, span_str("d"));
        struct reading r = {.sensors = 2};
        r.sensor[0].name = span_str("temperature_c");
        r.sensor[1].name = span_str("humidity");
        for (int i = 0; i <= CADENCE_GAPS; i++) {
            r.ts_ms = i * pace_ms[pace];
            device_state_fold(&d, 0, i, &r);
        }
        ck_assert_uint_eq(device_pack_size(&d), bytes[pace]);
        device_state_deinit(&d);
    }
}
END_TEST

UNIT_CASE(device_pack)
{
    tcase_add_test(tc, packing_changes_nothing);
    tcase_add_test(tc, folding_is_the_same_packed_and_unpacked);
    tcase_add_test(tc, any_number_of_sensors_is_packed);
    tcase_add_test(tc, two_sensors_and_a_full_cadence_take_185_bytes);
}
