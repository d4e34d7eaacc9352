/* The JSON reader against jansson, on generated documents and on what mutation makes of them. */
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/random.h"
#include "tests/unit/base/jansson_oracle.h"
#include "tests/unit/base/json_transcript.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

/* A share of the million that `make differential` asks for (docs/explanation/testing.md). */
enum { DOCUMENTS = 180000, MUTATIONS = 8, DEPTH_GENERATED = 6 };

static const char *pick(struct rng *r, const char *const *from, size_t count)
{
    return from[rng_below(r, (uint32_t)count)];
}

static void generate_string(struct rng *r, struct buf *out)
{
    static const char *const pieces[] = {
        "a",        "temperature_c", " ",
        "0",        "\\n",           "\\\"",
        "\\\\",     "\\u00e9",       "\\uD83D\\uDE00",
        "\xc3\xa9", "\xe2\x82\xac",  "\xf0\x9f\x98\x80",
        "/",        "\x7f",
    };
    buf_char(out, '"');
    for (uint32_t n = rng_below(r, 6); n > 0; n--) {
        buf_str(out, pick(r, pieces, sizeof pieces / sizeof pieces[0]));
    }
    buf_char(out, '"');
}

static void generate_scalar(struct rng *r, struct buf *out)
{
    static const char *const scalars[] = {
        "true",
        "false",
        "null",
        "0",
        "-0",
        "1",
        "-17",
        "21.5",
        "1e3",
        "-2.5E-3",
        "9007199254740993",
        "9223372036854775807",
        "0.1",
        "1.7976931348623157e308",
        "5e-324",
        "1e-400",
        "1e400",
        "99999999999999999999",
    };
    if (rng_below(r, 3) == 0) {
        generate_string(r, out);
    } else if (rng_below(r, 2) == 0) {
        buf_str(out, pick(r, scalars, sizeof scalars / sizeof scalars[0]));
    } else {
        buf_printf(out, "%.*f", (int)rng_below(r, 12), (rng_unit(r) - 0.5) * 1e6);
    }
}

static void generate_space(struct rng *r, struct buf *out)
{
    if (rng_below(r, 5) == 0) {
        buf_char(out, " \t\r\n"[rng_below(r, 4)]);
    }
}

static void generate(struct rng *r, struct buf *out, unsigned depth)
{
    uint32_t kind = depth == 0 ? 2 : rng_below(r, 4);
    generate_space(r, out);
    if (kind >= 2) {
        generate_scalar(r, out);
    } else {
        bool object = kind == 0;
        buf_char(out, object ? '{' : '[');
        for (uint32_t i = 0, n = rng_below(r, 5); i < n; i++) {
            if (i > 0) {
                buf_char(out, ',');
            }
            if (object) {
                generate_space(r, out);
                generate_string(r, out);
                generate_space(r, out);
                buf_char(out, ':');
            }
            generate(r, out, depth - 1);
        }
        buf_char(out, object ? '}' : ']');
    }
    generate_space(r, out);
}

static void mutate(struct rng *r, struct buf *b)
{
    static const char nasty[] = "\"\\{}[]:,0123456789.eE+-ntfu \n\x01\x80\xc3\xed\xf0\x7f";
    size_t at = rng_below(r, (uint32_t)b->len);
    char c = nasty[rng_below(r, sizeof nasty)]; /* the NUL at its end too */
    switch (rng_below(r, 4)) {
    case 0:
        b->data[at] = c;
        break;
    case 1: /* delete */
        memmove(b->data + at, b->data + at + 1, b->len - at - 1);
        b->len--;
        break;
    case 2: /* insert */
        buf_char(b, c);
        memmove(b->data + at + 1, b->data + at, b->len - at - 1);
        b->data[at] = c;
        break;
    default:
        b->len -= rng_below(r, 4) == 0 ? b->len - at : 0;
    }
}

/* Where the two differ on purpose. */
static const struct {
    const char *json, *reason;
} differences[] = {
    {"1e400", "RFC 8259 sets no limit: the caller decides what is out of range"},
    {"99999999999999999999", "likewise: the digits are handed over as they stand"},
    {"{\"a\":1,\"a\":2}", "names are not remembered: duplicates are the caller's concern"},
};
/* And depth: 16 here, 2048 there. And jansson 2.14 overlooks a NUL byte behind a number. */

static struct {
    int64_t compared, accepted, excused;
} seen;

static bool has_nul(struct span json)
{
    return memchr(json.p, '\0', json.len) != NULL;
}

static void compare(struct span document)
{
    static struct buf ours, theirs;
    struct span json = guard_place(document);
    const char *why;
    buf_clear(&ours);
    buf_clear(&theirs);
    enum transcript here = json_transcribe(json, &ours, &why);
    enum verdict there = has_nul(json) ? VERDICT_REFUSED : jansson_oracle(json, &theirs);
    seen.compared++;
    if (here == TRANSCRIPT_TOO_DEEP || (there == VERDICT_EXCUSED && here != TRANSCRIPT_BROKEN)) {
        seen.excused++;
        return;
    }
    bool agreed = here == TRANSCRIPT_WHOLE
                      ? there == VERDICT_ACCEPTED && span_eq(buf_view(&ours), buf_view(&theirs))
                      : here == TRANSCRIPT_REFUSED && there == VERDICT_REFUSED;
    if (!agreed) {
        ck_abort_msg("%.*s: %d here, %d there (%s)\n%s\n%s", (int)json.len, json.p, (int)here,
                     (int)there, why ? why : "", buf_cstr(&ours), buf_cstr(&theirs));
    }
    seen.accepted += here == TRANSCRIPT_WHOLE;
}

START_TEST(agrees_with_jansson)
{
    struct rng rng;
    rng_seed(&rng, 7);
    struct buf b = {0};
    for (int64_t wanted = unit_wanted("DIFFERENTIAL_DOCUMENTS", DOCUMENTS);
         seen.compared < wanted;) {
        buf_clear(&b);
        generate(&rng, &b, DEPTH_GENERATED);
        compare(buf_view(&b));
        for (int m = 0; m < MUTATIONS && b.len > 0; m++) {
            mutate(&rng, &b);
            compare(buf_view(&b));
        }
    }
    buf_deinit(&b);
    printf("%lld documents: %lld accepted by both, %lld excused, the others refused by both\n",
           (long long)seen.compared, (long long)seen.accepted, (long long)seen.excused);
    /* A test of agreement that hardly ever accepts, or refuses, or compares, shows nothing. */
    ck_assert_int_gt(seen.accepted, seen.compared / 10);
    ck_assert_int_gt(seen.compared - seen.accepted - seen.excused, seen.compared / 10);
    ck_assert_int_lt(seen.excused, seen.compared / 2);
}
END_TEST

START_TEST(differs_from_jansson_only_where_said)
{
    struct buf out = {0};
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        const char *why;
        struct span json = span_str(differences[i].json);
        ck_assert_msg(json_transcribe(json, &out, &why) == TRANSCRIPT_WHOLE, "%s",
                      differences[i].reason);
        ck_assert_int_eq(jansson_oracle(json, &out), VERDICT_EXCUSED);
    }
    buf_deinit(&out);
}
END_TEST

UNIT_CASE(json_differential)
{
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, agrees_with_jansson);
    tcase_add_test(tc, differs_from_jansson_only_where_said);
}
