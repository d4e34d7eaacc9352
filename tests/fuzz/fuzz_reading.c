/* The reading decoder: it agrees with jansson and the rules, and what it accepts survives being
 * written as a canonical record and read again. */
#include "common/base/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/record.h"
#include "tests/unit/model/reading_oracle.h"

static bool inside(struct span part, struct span whole)
{
    return part.len == 0 || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
}

/* Each problem can be shown to the device: a code, a sentence, and a place in what it sent. */
static void check_problems(const struct reading_problems *problems, int rc, struct span json)
{
    fuzz_require((rc == 0) == (problems->count == 0), "%d with %u problems", rc, problems->count);
    fuzz_require(problems->count <= READING_PROBLEMS_MAX, "%u problems", problems->count);
    for (unsigned i = 0; i < problems->count; i++) {
        const struct reading_problem *p = &problems->item[i];
        bool names_syntax = p->code == PROBLEM_SYNTAX || p->code == PROBLEM_DUPLICATE_FIELD;
        fuzz_require(p->code != PROBLEM_NONE && p->message[0], "a problem without words");
        fuzz_require(memchr(p->message, 0, sizeof p->message) &&
                         memchr(p->field, 0, sizeof p->field),
                     "a text of a problem does not end");
        fuzz_require(inside(p->input, json) && p->offset <= json.len, "%s: shown is elsewhere",
                     p->message);
        fuzz_require(i > 0 || names_syntax == (rc == ERR_SYNTAX), "%d for %s", rc, p->message);
    }
}

static int decode(struct span json, enum reading_mode mode, struct reading *r)
{
    static struct reading_problems problems;
    struct reading_rules rules = fuzz_rules(mode);
    int rc = reading_decode(r, json, &rules, &problems);
    check_problems(&problems, rc, json);
    if (rc == 0)
        fuzz_record(r);
    return rc;
}

static int compare(struct span json, enum reading_mode mode, struct reading *r)
{
    static struct oracle_reading oracle;
    struct reading_rules rules = fuzz_rules(mode);
    int rc = decode(json, mode, r);
    oracle_decode(&oracle, json, &rules);
    fuzz_require(oracle_agrees(&oracle, rc, r), "mode %d: %d here, %d there", (int)mode, rc,
                 oracle.rc);
    return rc;
}

/* The oracle knows the first three modes; the routes of older systems only differ in what they
 * require and in other names for the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading lenient, strict, canonical, other;
    struct span json = span_of((const char *)data, size);
    int is_lenient = compare(json, READING_LENIENT, &lenient);
    int is_strict = compare(json, READING_STRICT, &strict);
    int is_canonical = compare(json, READING_CANONICAL, &canonical);
    for (enum reading_mode mode = READING_CANONICAL + 1; mode < READING_MODES; mode++)
        (void)decode(json, mode, &other);
    fuzz_require((is_lenient == ERR_SYNTAX) == (is_strict == ERR_SYNTAX) &&
                     (is_strict == ERR_SYNTAX) == (is_canonical == ERR_SYNTAX),
                 "syntax is a matter of mode: %d %d %d", is_lenient, is_strict, is_canonical);
    if (is_strict == 0 && is_lenient == 0)
        fuzz_require(reading_same_contents(&strict, &lenient), "strict and lenient differ");
    if (is_strict == 0 && !strict.ts_from_server)
        fuzz_require(is_canonical == 0 && reading_same_contents(&strict, &canonical),
                     "strict, but no canonical record: %d", is_canonical);
    return 0;
}
