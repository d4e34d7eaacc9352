/* Random numbers, hashes and clocks: known answers, and the ranges that are promised. */
#include "common/base/random.h"

#include <math.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "tests/unit/unit.h"

/* Same seed, same numbers, on every machine: PCG-XSH-RR 64/32 worked out by hand in the test. */
START_TEST(is_pcg32)
{
    struct rng r;
    rng_seed(&r, 42);
    const uint64_t multiplier = UINT64_C(6364136223846793005);
    uint64_t inc = r.inc,
             state = (inc + 42) * multiplier + inc; /* after the two steps of seeding */
    ck_assert_uint_eq(inc & 1, 1);
    for (int i = 0; i < 1000; i++) {
        uint32_t mixed = (uint32_t)((state >> 18 ^ state) >> 27);
        unsigned turn = (unsigned)(state >> 59);
        uint32_t expected = turn == 0 ? mixed : mixed >> turn | mixed << (32 - turn);
        ck_assert_uint_eq(rng_u32(&r), expected);
        state = state * multiplier + inc;
    }
}
END_TEST

/* The first numbers of the paper's demonstration program (seed 42, stream 54). */
START_TEST(gives_the_published_numbers)
{
    static const uint32_t expected[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                        0x83d2f293, 0xbfa4784b, 0xcbed606e};
    struct rng r = {.state = 0, .inc = 54 << 1 | 1};
    rng_u32(&r);
    r.state += 42;
    rng_u32(&r);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(rng_u32(&r), expected[i]);
    }
}
END_TEST

START_TEST(repeats_for_the_same_seed_only)
{
    struct rng a, b, c;
    rng_seed(&a, 1);
    rng_seed(&b, 1);
    rng_seed(&c, 2);
    int differ = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t x = rng_u64(&a);
        ck_assert_uint_eq(x, rng_u64(&b));
        differ += x != rng_u64(&c);
    }
    ck_assert_int_gt(differ, 98);
}
END_TEST

START_TEST(stays_in_its_ranges)
{
    struct rng r;
    rng_seed(&r, 3);
    int seen[7] = {0};
    double sum = 0;
    for (int i = 0; i < 70000; i++) {
        uint32_t below = rng_below(&r, 7);
        double unit = rng_unit(&r);
        if (below >= 7 || !(unit >= 0 && unit < 1)) {
            ck_abort_msg("%u, %a", below, unit);
        }
        seen[below]++;
        sum += unit;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert_int_gt(seen[i], 9500); /* 5 standard deviations around 10,000 */
        ck_assert_int_lt(seen[i], 10500);
    }
    ck_assert_double_lt(fabs(sum / 70000 - 0.5), 0.006);
    ck_assert_uint_eq(rng_below(&r, 1), 0);
}
END_TEST

START_TEST(backs_off)
{
    struct rng r;
    rng_seed(&r, 4);
    for (unsigned attempt = 0; attempt < 200; attempt++) {
        int64_t high = attempt < 6 ? INT64_C(500) << attempt : 30000, highest = 0;
        high = high < 30000 ? high : 30000;
        for (int i = 0; i < 200; i++) {
            int64_t wait = backoff_ms(&r, attempt, 500, 30000);
            if (wait < 250 || wait > high) {
                ck_abort_msg("attempt %u: %lld ms", attempt, (long long)wait);
            }
            highest = wait > highest ? wait : highest;
        }
        ck_assert_int_gt(highest, high / 2); /* it does use its range */
    }
    ck_assert_int_le(backoff_ms(&r, 4000000000u, 1, INT64_MAX / 4), INT64_MAX / 4);
}
END_TEST

START_TEST(takes_seeds_from_the_kernel)
{
    ck_assert_uint_ne(random_seed(), random_seed());
}
END_TEST

START_TEST(hashes)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    hash_sha256("abc", 3, digest);
    hex_encode(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256("", 0, digest);
    hex_encode(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_uint_eq(hash_table(span_str("a"), 1), hash_table(span_str("a"), 1));
    ck_assert_uint_ne(hash_table(span_str("a"), 1), hash_table(span_str("a"), 2));
    ck_assert_uint_ne(hash_table(span_str("a"), 1), hash_table(span_str("b"), 1));
    hash_table(span_of(NULL, 0), 1);
}
END_TEST

START_TEST(reads_the_clocks)
{
    struct clock c = clock_system();
    ck_assert_int_gt(clock_wall_ms(&c), INT64_C(1700000000000));
    uint64_t before = clock_monotonic_ns(&c);
    ck_assert_uint_ge(clock_monotonic_ns(&c), before);
    ck_assert_uint_ge(clock_monotonic_ms(&c), before / 1000000);
}
END_TEST

UNIT_CASE(random)
{
    tcase_add_test(tc, is_pcg32);
    tcase_add_test(tc, gives_the_published_numbers);
    tcase_add_test(tc, repeats_for_the_same_seed_only);
    tcase_add_test(tc, stays_in_its_ranges);
    tcase_add_test(tc, backs_off);
    tcase_add_test(tc, takes_seeds_from_the_kernel);
    tcase_add_test(tc, hashes);
    tcase_add_test(tc, reads_the_clocks);
}
