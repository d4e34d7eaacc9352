/* The last state of a device: what wins, replay, and that the join is one. */
#include <stdio.h>
#include <string.h>

#include "common/base/random.h"
#include "common/model/device_state.h"
#include "tests/unit/unit.h"

static struct rng rng;

/* --- readings to fold ------------------------------------------------------------------------ */

static struct reading at(int64_t ts_ms, int64_t received_ms)
{
    return (struct reading){
        .device_id = span_str("dev-1"), .ts_ms = ts_ms, .received_at_ms = received_ms};
}

static void measure(struct reading *r, const char *name, double value)
{
    r->sensor[r->sensors++] = (struct reading_sensor){.name = span_str(name), .value = value};
}

static const struct device_sensor *find(const struct device_state *d, const char *name)
{
    for (unsigned i = 0; i < d->sensors; i++) {
        if (strcmp(d->sensor[i].name, name) == 0) {
            return &d->sensor[i];
        }
    }
    return NULL;
}

START_TEST(newer_values_win_each_for_itself)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    struct reading one = at(1000, 1100), two = at(500, 1200);
    measure(&one, "x", 1);
    measure(&two, "x", 2);
    measure(&two, "battery_level", 80);
    two.has_online = two.online = true;
    ck_assert(device_state_fold(&d, 0, 0, &one));
    ck_assert(device_state_fold(&d, 0, 1, &two));
    ck_assert_str_eq(d.device_id, "dev-1");
    ck_assert_uint_eq(d.sensors, 2);
    ck_assert_str_eq(d.sensor[0].name, "battery_level"); /* sorted */
    ck_assert(find(&d, "x")->value == 1 && find(&d, "x")->ts_ms == 1000);
    ck_assert(find(&d, "battery_level")->value == 80);
    ck_assert_int_eq(d.last_ts_ms, 1000);
    ck_assert_int_eq(d.last_seen_ms, 1200);
    ck_assert_int_eq(d.first_seen_ms, 1100);
    ck_assert_int_eq(d.skew_ms, 700);
    ck_assert(d.has_online && d.online && d.online_ms == 500);
    struct reading_id id = reading_id(&two);
    ck_assert(d.status_ms == 500 && d.status_received_ms == 1200);
    ck_assert_mem_eq(d.status_id.byte, id.byte, READING_ID_BYTES);
    ck_assert_uint_eq(device_state_readings(&d), 2);
    device_state_deinit(&d);
}
END_TEST

START_TEST(a_reading_without_status_fields_is_no_status)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    struct reading r = at(5, 6);
    measure(&r, "humidity", 1);
    r.has_position = true;
    r.lat = 1;
    r.lon = 2;
    device_state_fold(&d, 0, 0, &r);
    ck_assert_int_eq(d.status_received_ms, 0);
    ck_assert(d.has_position && d.lat == 1 && d.lon == 2 && d.position_ms == 5);
    device_state_deinit(&d);
}
END_TEST

START_TEST(a_replay_changes_nothing)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    struct reading r = at(5, 6), newer = at(50, 60);
    measure(&r, "x", 1);
    measure(&newer, "x", 2);
    ck_assert(device_state_fold(&d, 4, 10, &r));
    ck_assert(!device_state_fold(&d, 4, 10, &newer));
    ck_assert(!device_state_fold(&d, 4, 9, &newer));
    ck_assert(find(&d, "x")->value == 1);
    ck_assert(device_state_fold(&d, 3, 0, &newer));
    ck_assert_uint_eq(device_state_readings(&d), 2);
    ck_assert(d.share[0].partition == 3 && d.share[1].partition == 4);
    device_state_deinit(&d);
}
END_TEST

START_TEST(times_before_1970_count_too)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    struct reading r = at(-5000, 0);
    measure(&r, "rssi", -60);
    device_state_fold(&d, 0, 0, &r);
    ck_assert_int_eq(d.last_ts_ms, -5000);
    ck_assert_int_eq(d.status_ms, -5000);
    ck_assert_int_eq(d.last_seen_ms, 0);
    device_state_deinit(&d);
}
END_TEST

START_TEST(ties_go_to_the_larger_and_to_online)
{
    struct device_state d;
    device_state_init(&d, span_str("dev-1"));
    for (int i = 0; i < 3; i++) {
        struct reading r = at(5, 6);
        measure(&r, "x", i == 1 ? 9 : i);
        r.has_online = true;
        r.online = i == 1;
        r.has_position = true;
        r.lat = 1;
        r.lon = i == 1 ? 9 : i;
        device_state_fold(&d, 0, i, &r);
    }
    ck_assert(find(&d, "x")->value == 9 && d.online && d.lon == 9);
    device_state_deinit(&d);
}
END_TEST

START_TEST(names_silent_longest_are_dropped)
{
    struct device_state d;
    char name[READING_SENSOR_NAME_MAX + 1];
    device_state_init(&d, span_str("dev-1"));
    for (int i = 0; i < DEVICE_SENSORS_MAX + 20; i++) {
        snprintf(name, sizeof(name), "s%03d", i);
        struct reading r = at(1000 + i, 1);
        measure(&r, name, i);
        device_state_fold(&d, 0, i, &r);
    }
    ck_assert_uint_eq(d.sensors, DEVICE_SENSORS_MAX);
    ck_assert_ptr_null(find(&d, "s019"));
    ck_assert_ptr_nonnull(find(&d, "s020"));
    struct reading old = at(1, 1);
    measure(&old, "late", 1);
    ck_assert(device_state_fold(&d, 0, 1000, &old));
    ck_assert_ptr_null(find(&d, "late"));
    device_state_deinit(&d);
}
END_TEST

/* --- properties ------------------------------------------------------------------------------ */

enum { PARTITIONS = 2, RECORDS = 10, NAMES = 12 };

/* The record at a place of the log: small ranges, so that ties of every kind are common. `names`
 * beyond DEVICE_SENSORS_MAX make sensors drop. */
static struct reading record(int32_t partition, int64_t offset, uint32_t names)
{
    static char name[400][8];
    struct rng r;
    rng_seed(&r, (uint64_t)(partition * 1000 + offset + 7));
    struct reading reading = at((int64_t)rng_below(&r, 6) - 2, 1 + (int64_t)rng_below(&r, 4));
    for (uint32_t count = rng_below(&r, READING_SENSORS_MAX + 1); count > 0; count--) {
        uint32_t i = (reading.sensors * 11 + (uint32_t)offset * 5) % names;
        snprintf(name[i], sizeof(name[i]), i == 0 ? "rssi" : "s%u", i);
        bool there = false;
        for (unsigned k = 0; k < reading.sensors; k++) {
            there = there || span_is(reading.sensor[k].name, name[i]);
        }
        if (!there) {
            measure(&reading, name[i], (double)rng_below(&r, 3) - 1);
        }
    }
    reading.has_position = rng_below(&r, 2) == 0;
    reading.lat = rng_below(&r, 2);
    reading.lon = rng_below(&r, 2);
    reading.has_online = rng_below(&r, 2) == 0;
    reading.online = rng_below(&r, 2) == 0;
    return reading;
}

/* As the caller of reading_decode has it: what is not there is zero. */
static void fold(struct device_state *d, int32_t partition, int64_t offset, uint32_t names)
{
    struct reading r = record(partition, offset, names);
    device_state_fold(d, partition, offset, &r);
}

static void fold_prefixes(struct device_state *d, const int64_t upto[PARTITIONS], bool backwards,
                          uint32_t names)
{
    device_state_init(d, span_str("dev-1"));
    for (int i = 0; i < PARTITIONS; i++) {
        int32_t partition = backwards ? PARTITIONS - 1 - i : i;
        for (int64_t offset = 0; offset < upto[partition]; offset++) {
            fold(d, partition, offset, names);
        }
    }
}

static void any_state(struct device_state *d, uint32_t names)
{
    int64_t upto[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        upto[i] = rng_below(&rng, 3) ? rng_below(&rng, RECORDS + 1) : 0;
    }
    fold_prefixes(d, upto, rng_below(&rng, 2) == 0, names);
    d->rev = rng_below(&rng, 100);
}

static bool same_lists(const struct device_state *a, const struct device_state *b)
{
    if (a->sensors != b->sensors || a->shares != b->shares) {
        return false;
    }
    for (unsigned i = 0; i < a->shares; i++) {
        if (a->share[i].partition != b->share[i].partition || a->share[i].src != b->share[i].src ||
            a->share[i].readings != b->share[i].readings) {
            return false;
        }
    }
    for (unsigned i = 0; i < a->sensors; i++) {
        if (strcmp(a->sensor[i].name, b->sensor[i].name) != 0 ||
            a->sensor[i].ts_ms != b->sensor[i].ts_ms || a->sensor[i].value != b->sensor[i].value) {
            return false;
        }
    }
    return true;
}

static bool same(const struct device_state *a, const struct device_state *b)
{
    return same_lists(a, b) && a->last_seen_ms == b->last_seen_ms &&
           a->first_seen_ms == b->first_seen_ms && a->last_ts_ms == b->last_ts_ms &&
           a->skew_ms == b->skew_ms && a->has_position == b->has_position && a->lat == b->lat &&
           a->lon == b->lon && a->position_ms == b->position_ms && a->has_online == b->has_online &&
           a->online == b->online && a->online_ms == b->online_ms && a->status_ms == b->status_ms &&
           a->status_received_ms == b->status_received_ms &&
           memcmp(a->status_id.byte, b->status_id.byte, READING_ID_BYTES) == 0;
}

static void copy(struct device_state *to, const struct device_state *from)
{
    device_state_init(to, span_str(from->device_id));
    device_state_join(to, from);
}

static void check_commutative(uint32_t names)
{
    struct device_state a, b, ab, ba;
    any_state(&a, names);
    any_state(&b, names);
    copy(&ab, &a);
    copy(&ba, &b);
    ck_assert(same(&ab, &a));
    ck_assert(!device_state_join(&ab, &a));
    bool ahead = device_state_join(&ab, &b);
    device_state_join(&ba, &a);
    ck_assert(same(&ab, &ba));
    ck_assert_int_eq(ab.rev, b.rev);
    ck_assert(ahead == !same(&ab, &b));
    device_state_deinit(&a);
    device_state_deinit(&b);
    device_state_deinit(&ab);
    device_state_deinit(&ba);
}

static void check_associative(uint32_t names)
{
    struct device_state a, b, c, left, right;
    any_state(&a, names);
    any_state(&b, names);
    any_state(&c, names);
    copy(&left, &a);
    device_state_join(&left, &b);
    device_state_join(&left, &c);
    device_state_join(&b, &c);
    copy(&right, &a);
    device_state_join(&right, &b);
    ck_assert(same(&left, &right));
    device_state_deinit(&a);
    device_state_deinit(&b);
    device_state_deinit(&c);
    device_state_deinit(&left);
    device_state_deinit(&right);
}

START_TEST(join_is_idempotent_commutative_and_associative)
{
    rng_seed(&rng, 6);
    for (int round = 0; round < 1000; round++) {
        uint32_t names = round % 10 == 0 ? 400 : NAMES;
        check_commutative(names);
        check_associative(names);
    }
}
END_TEST

START_TEST(the_order_of_partitions_does_not_show)
{
    rng_seed(&rng, 7);
    for (int round = 0; round < 500; round++) {
        struct device_state a, b;
        uint32_t names = round % 5 == 0 ? 400 : NAMES;
        int64_t upto[PARTITIONS];
        for (int i = 0; i < PARTITIONS; i++) {
            upto[i] = rng_below(&rng, RECORDS + 1);
        }
        fold_prefixes(&a, upto, false, names);
        fold_prefixes(&b, upto, true, names);
        ck_assert(same(&a, &b));
        device_state_deinit(&a);
        device_state_deinit(&b);
    }
}
END_TEST

/* Joined states brought to the end of the log hold what one reader of it all would. */
START_TEST(joined_states_continue_as_if_one_had_read_everything)
{
    static const int64_t all[PARTITIONS] = {RECORDS, RECORDS};
    rng_seed(&rng, 8);
    for (int round = 0; round < 300; round++) {
        struct device_state a, b, whole;
        uint32_t names = round % 5 == 0 ? 400 : NAMES;
        fold_prefixes(&whole, all, false, names);
        any_state(&a, names);
        any_state(&b, names);
        device_state_join(&a, &b);
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            for (int64_t offset = 0; offset < RECORDS; offset++) {
                fold(&a, partition, offset, names);
            }
        }
        ck_assert(same(&a, &whole));
        device_state_deinit(&a);
        device_state_deinit(&b);
        device_state_deinit(&whole);
    }
}
END_TEST

/* Read back in another order it is the same state, and the cadence is taken from the stored one. */
START_TEST(gathering_in_any_order_is_folding)
{
    struct device_state folded, gathered;
    device_state_init(&folded, span_str("dev-1"));
    device_state_init(&gathered, span_str("dev-1"));
    for (int64_t o = 0; o < 40; o++) {
        struct reading r = {.device_id = span_str("dev-1"),
                            .ts_ms = 1000 * o + o % 3,
                            .received_at_ms = 1 + 1000 * o,
                            .sensors = 1};
        r.sensor[0] = (struct reading_sensor){.name = span_str("a"), .value = (double)o};
        device_state_fold(&folded, (int32_t)(o % 2), o, &r);
    }
    for (int64_t o = 40; o-- > 0;) {
        struct reading r = {.device_id = span_str("dev-1"),
                            .ts_ms = 1000 * o + o % 3,
                            .received_at_ms = 1 + 1000 * o,
                            .sensors = 1};
        r.sensor[0] = (struct reading_sensor){.name = span_str("a"), .value = (double)o};
        device_state_gather(&gathered, (int32_t)(o % 2), o, &r);
    }
    ck_assert_int_eq(gathered.share[0].cadence.gaps, 0);
    device_state_keep_cadence(&gathered, &folded);
    ck_assert_int_gt(gathered.share[0].cadence.gaps, 0);
    ck_assert(!device_state_join(&gathered, &folded) && !device_state_join(&folded, &gathered));
    ck_assert_uint_eq(device_state_readings(&gathered), 40);
    ck_assert_int_eq(device_state_src(&gathered, 1), 39);
    ck_assert_int_eq(device_state_src(&gathered, 7), -1);
    device_state_deinit(&folded);
    device_state_deinit(&gathered);
}
END_TEST

UNIT_CASE(device_state)
{
    tcase_add_test(tc, newer_values_win_each_for_itself);
    tcase_add_test(tc, a_reading_without_status_fields_is_no_status);
    tcase_add_test(tc, a_replay_changes_nothing);
    tcase_add_test(tc, times_before_1970_count_too);
    tcase_add_test(tc, ties_go_to_the_larger_and_to_online);
    tcase_add_test(tc, names_silent_longest_are_dropped);
    tcase_add_test(tc, join_is_idempotent_commutative_and_associative);
    tcase_add_test(tc, the_order_of_partitions_does_not_show);
    tcase_add_test(tc, joined_states_continue_as_if_one_had_read_everything);
    tcase_add_test(tc, gathering_in_any_order_is_folding);
}
