/* The JSON reader against jansson, on generated documents and on what mutation makes of them.
 *
 * Deliberate differences: numbers too large for a double or a 64-bit integer (accepted here, the
 * caller decides), duplicate keys (the caller's concern), and depth (16 here). */
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/num.h"
#include "common/base/random.h"
#include "tests/unit/base/guard.h"
#include "tests/unit/base/jansson_oracle.h"
#include "tests/unit/unit.h"

enum { DOCUMENTS = 20000, MUTATIONS = 8, DEPTH_GENERATED = 6 };

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

static void transcribe_string(const struct json_reader *r, struct buf *out)
{
    size_t len = json_unescape(r->text, buf_reserve(out, r->text.len));
    bool escaped = memchr(r->text.p, '\\', r->text.len) != NULL;
    if (escaped != r->escaped) {
        ck_abort_msg("%.*s: escaped %d", (int)r->text.len, r->text.p, r->escaped);
    }
    buf_commit(out, len);
}

static void transcribe_number(const struct json_reader *r, struct buf *out)
{
    double real;
    int64_t integer;
    if (!num_parse_json(r->text, &real)) {
        ck_abort_msg("%.*s", (int)r->text.len, r->text.p);
    }
    if (num_parse_i64(r->text, INT64_MIN, INT64_MAX, &integer)) {
        buf_printf(out, "i%lld", (long long)integer);
    } else {
        buf_printf(out, "r%a", real);
    }
}

static void transcribe_token(const struct json_reader *r, enum json_token token, struct buf *out)
{
    static const char marks[] = " {}[]ks#tfn";
    buf_char(out, ' ');
    buf_char(out, marks[token]);
    if (token == JSON_TOKEN_KEY || token == JSON_TOKEN_STRING) {
        transcribe_string(r, out);
    } else if (token == JSON_TOKEN_NUMBER) {
        transcribe_number(r, out);
    }
}

/* Writes what the reader sees in the form that the oracle uses; false when it refuses. */
static bool transcribe(struct span json, struct buf *out, bool *too_deep)
{
    struct json_reader r;
    enum json_token token;
    json_reader_init(&r, json.p, json.len);
    while ((token = json_next(&r)) > JSON_TOKEN_END) {
        transcribe_token(&r, token, out);
    }
    *too_deep = token == JSON_TOKEN_ERROR && strcmp(r.error, "nested too deeply") == 0;
    return token == JSON_TOKEN_END;
}

static struct {
    int accepted, refused, excused;
} seen;

/* jansson 2.14 overlooks a NUL behind a number; nothing with a NUL is JSON. */
static bool has_nul(struct span json)
{
    return memchr(json.p, '\0', json.len) != NULL;
}

static void compare(struct span document)
{
    static struct buf ours, theirs;
    struct span json = guard_place(document);
    bool too_deep;
    buf_clear(&ours);
    buf_clear(&theirs);
    bool accepted = transcribe(json, &ours, &too_deep);
    enum verdict verdict = has_nul(json) ? VERDICT_REFUSED : jansson_oracle(json, &theirs);
    if (too_deep || verdict == VERDICT_EXCUSED) {
        seen.excused++;
        return;
    }
    bool agreed = accepted == (verdict == VERDICT_ACCEPTED) &&
                  (!accepted || span_eq(buf_view(&ours), buf_view(&theirs)));
    if (!agreed) {
        ck_abort_msg("%.*s: accepted here: %d\n%s\n%s", (int)json.len, json.p, accepted,
                     buf_cstr(&ours), buf_cstr(&theirs));
    }
    seen.accepted += accepted;
    seen.refused += !accepted;
}

START_TEST(agrees_with_jansson)
{
    struct rng rng;
    rng_seed(&rng, 7);
    struct buf b = {0};
    for (int i = 0; i < DOCUMENTS; i++) {
        buf_clear(&b);
        generate(&rng, &b, DEPTH_GENERATED);
        compare(buf_view(&b));
        for (int m = 0; m < MUTATIONS && b.len > 0; m++) {
            mutate(&rng, &b);
            compare(buf_view(&b));
        }
    }
    buf_deinit(&b);
    /* A test of agreement that hardly ever accepts, or refuses, or compares, shows nothing. */
    ck_assert_int_gt(seen.accepted, DOCUMENTS);
    ck_assert_int_gt(seen.refused, DOCUMENTS);
    ck_assert_int_lt(seen.excused, DOCUMENTS * (1 + MUTATIONS) / 2);
}
END_TEST

START_TEST(differs_from_jansson_only_where_said)
{
    static const char *const documents[] = {"1e400", "99999999999999999999", "{\"a\":1,\"a\":2}"};
    struct buf out = {0};
    for (size_t i = 0; i < 3; i++) {
        bool too_deep;
        ck_assert(transcribe(span_str(documents[i]), &out, &too_deep));
        ck_assert_int_eq(jansson_oracle(span_str(documents[i]), &out), VERDICT_EXCUSED);
    }
    buf_deinit(&out);
}
END_TEST

UNIT_CASE(json_differential)
{
    tcase_add_test(tc, agrees_with_jansson);
    tcase_add_test(tc, differs_from_jansson_only_where_said);
}
