/* Rollup documents: what is stored comes back bit for bit, and what is not ours is refused. */
#include <string.h>

#include "common/base/random.h"
#include "common/store/documents.h"
#include "tests/unit/unit.h"

static const int64_t noon = INT64_C(1795262400000); /* 2026-11-21T12:00:00Z */

static struct rollup some_rollup(struct rng *rng, const struct rollup_level *level)
{
    struct rollup r;
    rollup_init(&r, level, noon);
    for (unsigned i = 0; i < rollup_sources(level); i++) {
        struct rollup_source s = {.start_ms = rollup_source_start(level, r.start_ms, i),
                                  .rev = 1 + rng_below(rng, 1000),
                                  .late = rng_below(rng, 3),
                                  .final = rng_below(rng, 20) > 0};
        for (uint32_t n = rng_below(rng, 4); n > 0; n--)
            window_stats_fold(&s.stats, s.start_ms + n, rng_unit(rng) * 1e6 - 3e5);
        rollup_fold(&r, &s);
    }
    rollup_close(&r, noon + INT64_C(90000000), 0);
    return r;
}

static void check_sum(const struct exact_sum *a, const struct exact_sum *b)
{
    ck_assert(a->n == b->n && a->inexact == b->inexact && a->overflow == b->overflow);
    ck_assert(memcmp(a->part, b->part, a->n * sizeof *a->part) == 0);
}

START_TEST(rollups_come_back)
{
    struct rng rng;
    rng_seed(&rng, 17);
    for (int i = 0; i < 500; i++) {
        const struct rollup_level *level = i % 2 ? &rollup_day : &rollup_hour;
        struct rollup in = some_rollup(&rng, level), out;
        bson_t doc = BSON_INITIALIZER;
        document_rollup_encode(&doc, span_str("$dev.1"), span_str("humidity"), &in, 7, noon);
        rollup_init(&out, level, noon);
        ck_assert(document_rollup_decode(&doc, &out));
        ck_assert_int_eq(out.rev, 7);
        ck_assert(out.start_ms == in.start_ms && out.late == in.late && out.final == in.final);
        ck_assert(memcmp(out.src, in.src, sizeof in.src) == 0);
        ck_assert(window_stats_equal(&out.stats, &in.stats));
        check_sum(&out.stats.sum, &in.stats.sum);
        check_sum(&out.stats.squares, &in.stats.squares);
        ck_assert(out.settled.places == in.settled.places && out.settled.late == in.settled.late);
        ck_assert(window_stats_equal(&out.settled.stats, &in.settled.stats));
        check_sum(&out.settled.stats.squares, &in.settled.stats.squares);
        ck_assert_int_eq(rollup_compare(&out, &in), ROLLUP_SAME);
        bson_destroy(&doc);
    }
}
END_TEST

START_TEST(a_rollup_has_the_fields_of_the_contract)
{
    struct rollup r;
    rollup_init(&r, &rollup_hour, noon);
    struct rollup_source s = {.start_ms = noon + 60000, .rev = 4, .late = 2, .final = true};
    window_stats_fold(&s.stats, noon + 60001, 20);
    window_stats_fold(&s.stats, noon + 60002, 25);
    ck_assert(rollup_fold(&r, &s));
    bson_t doc = BSON_INITIALIZER;
    document_rollup_encode(&doc, span_str("dev-1"), span_str("humidity"), &r, 1, noon + 90000);
    char *json = bson_as_relaxed_extended_json(&doc, NULL);
    ck_assert_str_eq(
        json,
        "{ \"_id\" : \"humidity/1795262400/dev-1\", \"device_id\" : \"dev-1\", "
        "\"sensor_type\" : \"humidity\", \"timestamp\" : { \"$date\" : \"2026-11-21T12:00:00Z\" }, "
        "\"count\" : 2, \"min\" : 20.0, \"max\" : 25.0, \"first\" : 20.0, \"last\" : 25.0, "
        "\"sum\" : 45.0, \"average\" : 22.5, \"stddev\" : 2.5, \"late\" : 2, \"final\" : true, "
        "\"rev\" : 1, \"last_updated\" : { \"$date\" : \"2026-11-21T12:01:30Z\" }, "
        "\"src\" : { \"1\" : 4 }, \"acc\" : [ { \"first_ms\" : 1795262460001, "
        "\"last_ms\" : 1795262460002, \"sum\" : [ 45.0 ], \"squares\" : [ 1025.0 ] } ], "
        "\"settled\" : { \"places\" : 2, \"late\" : 2 } }");
    bson_free(json);
    bson_destroy(&doc);
}
END_TEST

#define HEAD                                                                                   \
    "\"timestamp\":{\"$date\":\"2026-11-21T12:00:00Z\"},\"late\":0,\"final\":false,\"rev\":1," \
    "\"min\":1,\"max\":1,\"first\":1,\"last\":1,"
#define SUMS "\"acc\":[{\"first_ms\":1,\"last_ms\":1,\"sum\":[1.0],\"squares\":[1.0]}]"

static bool decodes(const char *json)
{
    struct rollup r;
    rollup_init(&r, &rollup_hour, noon);
    bson_t *doc = bson_new_from_json((const uint8_t *)json, -1, NULL);
    ck_assert_msg(doc != NULL, "%s", json);
    bool ok = document_rollup_decode(doc, &r);
    bson_destroy(doc);
    return ok;
}

START_TEST(foreign_rollups_are_refused)
{
    ck_assert(decodes("{" HEAD "\"count\":1,\"src\":{\"59\":1}," SUMS "}"));
    ck_assert(decodes("{" HEAD "\"count\":1,\"src\":{\"1\":1}," SUMS
                      ",\"settled\":{\"places\":2,\"late\":0}}"));
    static const char *const foreign[] = {
        "{}",
        "{" HEAD "\"count\":1,\"src\":{\"60\":1}," SUMS "}",
        "{" HEAD "\"count\":1,\"src\":{\"p3\":1}," SUMS "}",
        "{" HEAD "\"count\":1,\"src\":{\"1\":\"1\"}," SUMS "}",
        "{" HEAD "\"count\":1," SUMS "}",
        "{" HEAD "\"count\":0,\"src\":{\"1\":1}," SUMS "}",
        "{" HEAD "\"src\":{\"1\":1}," SUMS "}",
        "{" HEAD "\"count\":1,\"src\":{\"1\":1},\"acc\":[{\"first_ms\":1}]}",
        "{" HEAD "\"count\":1,\"src\":{\"1\":1}," SUMS ",\"settled\":{\"places\":4,\"late\":0}}",
        "{" HEAD "\"count\":1,\"src\":{\"1\":1,\"2\":1}," SUMS
        ",\"settled\":{\"places\":4,\"late\":0}}",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        ck_assert_msg(!decodes(foreign[i]), "%s", foreign[i]);
    struct rollup r;
    rollup_init(&r, &rollup_hour, noon + 3600000); /* another hour than was asked for */
    bson_t *doc = bson_new_from_json(
        (const uint8_t *)"{" HEAD "\"count\":1,\"src\":{\"59\":1}," SUMS "}", -1, NULL);
    ck_assert(!document_rollup_decode(doc, &r));
    bson_destroy(doc);
}
END_TEST

UNIT_CASE(rollup_document)
{
    tcase_add_test(tc, rollups_come_back);
    tcase_add_test(tc, a_rollup_has_the_fields_of_the_contract);
    tcase_add_test(tc, foreign_rollups_are_refused);
}
