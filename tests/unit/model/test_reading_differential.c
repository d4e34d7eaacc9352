/* The decoder against a plain one over jansson: generated documents, a third of them damaged. */
#include <stdio.h>

#include "tests/unit/model/decoded.h"
#include "tests/unit/model/reading_generator.h"
#include "tests/unit/model/reading_oracle.h"
#include "tests/unit/unit.h"

/* A share of the million that `make differential` asks for (docs/explanation/testing.md). */
enum { DOCUMENTS = 240000, SEED = 20261121 };

static struct {
    uint64_t documents, accepted, damaged, excused;
    uint64_t met[ORACLE_DIFFERENCES], differ[ORACLE_DIFFERENCES];
} seen;

static void compare(struct span json, enum reading_mode mode)
{
    static struct decoded d;
    static struct oracle_reading o;
    struct reading_rules rules = test_rules(mode);
    decode_bytes(&d, mode, json);
    oracle_decode(&o, json, &rules);
    bool agree = oracle_agrees(&o, d.rc, &d.reading) && (d.rc == 0) == (d.problems.count == 0);
    if (!agree) {
        ck_abort_msg("document %llu, mode %d: %d here, %d there: %.*s\n%s: %s",
                     (unsigned long long)seen.documents, (int)mode, d.rc, o.rc, (int)json.len,
                     json.p, d.problems.count ? d.problems.item[0].field : "",
                     d.problems.count ? d.problems.item[0].message : "");
    }
    seen.documents++;
    seen.accepted += d.rc == 0;
    seen.met[o.difference]++;
    seen.differ[o.difference] += d.rc != o.rc;
    seen.excused += d.rc != o.rc || o.difference == ORACLE_SEQ;
}

static void report(void)
{
    printf("%llu documents, %llu of them damaged: %llu accepted by both, the others refused\n",
           (unsigned long long)seen.documents, (unsigned long long)seen.damaged,
           (unsigned long long)seen.accepted);
    for (unsigned i = ORACLE_NO_DIFFERENCE + 1; i < ORACLE_DIFFERENCES; i++) {
        const struct oracle_difference_text *t = &oracle_differences[i];
        printf("  %-10s in %7llu, verdicts differ in %6llu: here %s; jansson %s; %s\n", t->name,
               (unsigned long long)seen.met[i], (unsigned long long)seen.differ[i], t->here,
               t->jansson, t->reason);
    }
}

START_TEST(agrees_with_jansson)
{
    struct rng rng;
    struct buf b = {.len = 0};
    rng_seed(&rng, SEED);
    for (int64_t left = unit_wanted("DIFFERENTIAL_DOCUMENTS", DOCUMENTS); left > 0; left--) {
        enum reading_mode mode = (enum reading_mode)rng_below(&rng, 3);
        generate_reading(&rng, &b);
        uint32_t hits = rng_below(&rng, 3) == 0 ? 1 + rng_below(&rng, 4) : 0;
        seen.damaged += hits > 0;
        while (hits-- > 0) {
            damage_reading(&rng, &b);
        }
        compare(buf_view(&b), mode);
    }
    buf_deinit(&b);
    report();
    /* The comparison means something only while both outcomes are common and excuses are rare. */
    ck_assert_uint_gt(seen.accepted, seen.documents / 5);
    ck_assert_uint_lt(seen.accepted, seen.documents / 5 * 4);
    ck_assert_uint_lt(seen.excused, seen.documents / 20);
}
END_TEST

UNIT_CASE(reading_differential)
{
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, agrees_with_jansson);
}
