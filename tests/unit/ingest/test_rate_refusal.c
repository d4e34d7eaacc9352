/* The words for who is over a rate limit. */
#include "ingest/rate_refusal.h"

#include "tests/unit/unit.h"

static const struct rate_refusal device = {.name = "device",
                                           .device_id = {.p = "a\"b", .len = 3},
                                           .limit = {.per_s = 0.5, .burst = 10},
                                           .wait_ns = 1999000001};
static const struct rate_refusal key = {
    .name = "key", .limit = {.per_s = 2000, .burst = 4000}, .wait_ns = 1};

START_TEST(the_sentence_names_limit_rest_and_reset)
{
    char text[RATE_SENTENCE_MAX];
    rate_refusal_detail(&device, text);
    ck_assert_str_eq(text, "device \"a\"b\" is over its limit of 0.5 readings a second (burst 10): "
                           "0 remain, the next one passes in 2000 ms");
    rate_refusal_detail(&key, text);
    ck_assert_str_eq(text, "the key is over its limit of 2000 readings a second (burst 4000): "
                           "0 remain, the next one passes in 1 ms");
}
END_TEST

START_TEST(the_longest_name_fits)
{
    char text[RATE_SENTENCE_MAX], name[128];
    memset(name, 'x', sizeof name);
    const struct rate_refusal longest = {.name = "device",
                                         .device_id = span_of(name, sizeof name),
                                         .limit = {.per_s = 123.456, .burst = 1000000},
                                         .wait_ns = UINT64_MAX / 2};
    rate_refusal_detail(&longest, text);
    ck_assert_msg(strstr(text, "x\" is over") && strstr(text, " ms"), "%s", text);
}
END_TEST

START_TEST(the_members_are_json)
{
    struct buf out = {0};
    rate_refusal_members(&device, &out);
    ck_assert_str_eq(buf_cstr(&out),
                     "\"limit\":{\"name\":\"device\",\"device_id\":\"a\\\"b\",\"rate_per_s\":0.5,"
                     "\"burst\":10,\"remaining\":0,\"reset_ms\":2000}");
    buf_clear(&out);
    rate_refusal_members(&key, &out);
    ck_assert_str_eq(buf_cstr(&out), "\"limit\":{\"name\":\"key\",\"rate_per_s\":2000,"
                                     "\"burst\":4000,\"remaining\":0,\"reset_ms\":1}");
    buf_deinit(&out);
}
END_TEST

START_TEST(nobody_is_told_to_come_back_too_early)
{
    struct rng rng;
    rng_seed(&rng, 1);
    int least = 1000, most = 0;
    for (int i = 0; i < 2000; i++) {
        struct rate_refusal r = device;
        r.wait_ns = UINT64_C(100000000000);
        int s = rate_refusal_retry_after_s(&r, &rng);
        least = s < least ? s : least;
        most = s > most ? s : most;
    }
    ck_assert_int_ge(least, 100);
    ck_assert_int_le(least, 102);
    ck_assert_int_le(most, 125);
    ck_assert_int_ge(most, 123);
    ck_assert_int_eq(rate_refusal_retry_after_s(&key, &rng), 1);
}
END_TEST

UNIT_CASE(rate_refusal)
{
    tcase_add_test(tc, the_sentence_names_limit_rest_and_reset);
    tcase_add_test(tc, the_longest_name_fits);
    tcase_add_test(tc, the_members_are_json);
    tcase_add_test(tc, nobody_is_told_to_come_back_too_early);
}
