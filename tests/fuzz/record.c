/* What must hold of every reading that was accepted, from wherever it came. */
#include "tests/fuzz/record.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1795255200000)

struct reading_rules fuzz_rules(enum reading_mode mode)
{
    return (struct reading_rules){.mode = mode, .now_ms = NOW_MS, .max_future_skew_ms = 300000};
}

static bool same_record(const struct reading *a, const struct reading *b)
{
    return reading_same_contents(a, b) && reading_same_contents(b, a) && span_eq(a->key, b->key) &&
           a->received_at_ms == b->received_at_ms;
}

void fuzz_record(const struct reading *r)
{
    static struct reading back;
    static struct reading_problems problems;
    struct buf first = {0}, second = {0};
    struct reading_rules rules = fuzz_rules(READING_CANONICAL);
    reading_encode(r, &first);
    char *copy = fuzz_copy(buf_view(&first));
    int rc = reading_decode(&back, span_of(copy, first.len), &rules, &problems);
    fuzz_require(rc == 0, "written and refused: %s: %s", buf_cstr(&first),
                 problems.item[0].message);
    fuzz_require(same_record(r, &back), "written and another: %s", buf_cstr(&first));
    reading_encode(&back, &second);
    bool same = span_eq(buf_view(&first), buf_view(&second));
    fuzz_require(same, "written twice: %s, %s", buf_cstr(&first), buf_cstr(&second));
    struct reading_id a = reading_id(r), b = reading_id(&back);
    fuzz_require(memcmp(&a, &b, sizeof a) == 0, "another id: %s", buf_cstr(&first));
    free(copy);
    buf_deinit(&first);
    buf_deinit(&second);
}
