/* A dead letter read back. */
#include "common/model/dead_letter_read.h"

#include "common/base/json.h"
#include "common/base/num.h"
#include "common/base/timestamp.h"

struct letter_reader {
    struct dead_letter_read *letter;
    struct json_reader json;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* --- values ----------------------------------------------------------------------------------- */

/* The room is reserved once for the whole letter, so that spans stay where they are. */
static struct span keep(struct dead_letter_read *d, struct span raw)
{
    char *at = buf_reserve(&d->storage, raw.len + 1);
    size_t len = json_unescape(raw, at);
    buf_commit(&d->storage, len);
    return span_of(at, len);
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 section 4; false when it is not that. */
static bool take_base64(struct dead_letter_read *d, struct span text)
{
    char *at = buf_reserve(&d->storage, text.len / 4 * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i + 4 <= text.len; i += 4) {
        bool last = i + 4 == text.len;
        unsigned pads = !last ? 0 : (text.p[i + 3] == '=') + (unsigned)(text.p[i + 2] == '=');
        uint32_t group = 0;
        for (unsigned k = 0; k < 4; k++) {
            int digit = k >= 4 - pads ? 0 : digit_of(text.p[i + k]);
            if (digit < 0)
                return false;
            group = group << 6 | (uint32_t)digit;
        }
        for (unsigned k = 0; k < 3 - pads; k++)
            at[len++] = (char)(group >> (16 - 8 * k));
    }
    buf_commit(&d->storage, len);
    d->original = span_of(at, len);
    return text.len % 4 == 0;
}

/* Any other JSON value stands for itself. */
static bool take_value(struct letter_reader *r, enum json_token first, const char *begin)
{
    if (!json_skip(&r->json, first))
        return false;
    while (begin < r->json.at &&
           (*begin == ':' || *begin == ' ' || *begin == '\t' || *begin == '\n' || *begin == '\r'))
        begin++;
    r->letter->original = span_of(begin, (size_t)(r->json.at - begin));
    return true;
}

static bool take_original(struct letter_reader *r, enum json_token first, const char *begin)
{
    if (first == JSON_TOKEN_STRING)
        r->letter->original = keep(r->letter, r->json.text);
    else if (first != JSON_TOKEN_NULL)
        return take_value(r, first, begin);
    return true;
}

static void take_number(const struct letter_reader *r, enum json_token first, int64_t *out)
{
    if (first == JSON_TOKEN_NUMBER)
        (void)num_parse_i64(r->json.text, INT64_MIN, INT64_MAX, out);
}

static bool take_origin(struct letter_reader *r)
{
    enum json_token token;
    while ((token = json_next(&r->json)) == JSON_TOKEN_KEY) {
        struct span name = r->json.text;
        token = json_next(&r->json);
        if (span_is(name, "topic") && token == JSON_TOKEN_STRING)
            r->letter->topic = keep(r->letter, r->json.text);
        else if (span_is(name, "partition"))
            take_number(r, token, &r->letter->partition);
        else if (span_is(name, "offset"))
            take_number(r, token, &r->letter->offset);
        if (!json_skip(&r->json, token))
            return false;
    }
    return token == JSON_TOKEN_OBJECT_END;
}

static bool take_text(struct letter_reader *r, struct span name)
{
    struct dead_letter_read *d = r->letter;
    const struct {
        const char *name;
        struct span *out;
    } texts[] = {{"failure_reason", &d->message},
                 {"code", &d->code},
                 {"class", &d->class},
                 {"worker", &d->worker}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (span_is(name, texts[i].name))
            *texts[i].out = keep(d, r->json.text);
    if (span_is(name, "timestamp") && !timestamp_parse(r->json.text, &d->failed_at_ms))
        d->failed_at_ms = TIMESTAMP_MIN_MS - 1;
    return !span_is(name, "original_message_base64") || take_base64(d, r->json.text);
}

/* Reads the value of the member; `begin` is where it begins, or a little before. */
static bool take_member(struct letter_reader *r, struct span name, const char *begin)
{
    enum json_token token = json_next(&r->json);
    if (span_is(name, "original_message"))
        return token != JSON_TOKEN_ERROR && take_original(r, token, begin);
    if (span_is(name, "origin") && token == JSON_TOKEN_OBJECT_BEGIN)
        return take_origin(r);
    if (token == JSON_TOKEN_STRING)
        return take_text(r, name);
    if (span_is(name, "attempts"))
        take_number(r, token, &r->letter->attempts);
    if (span_is(name, "original_truncated"))
        r->letter->truncated = token == JSON_TOKEN_TRUE;
    return json_skip(&r->json, token);
}

int dead_letter_read(struct dead_letter_read *d, struct span json, struct err *e)
{
    struct letter_reader r = {.letter = d};
    struct buf storage = d->storage;
    *d = (struct dead_letter_read){.storage = storage,
                                   .failed_at_ms = TIMESTAMP_MIN_MS - 1,
                                   .attempts = -1,
                                   .partition = -1,
                                   .offset = -1};
    buf_clear(&d->storage);
    (void)buf_reserve(&d->storage, json.len + 1);
    json_reader_init(&r.json, json.p, json.len);
    if (json.len == 0 || json_next(&r.json) != JSON_TOKEN_OBJECT_BEGIN)
        return err_set(e, ERR_SYNTAX, "it is no JSON object");
    enum json_token token;
    while ((token = json_next(&r.json)) == JSON_TOKEN_KEY)
        if (!take_member(&r, r.json.text, r.json.at))
            return err_set(e, ERR_SYNTAX, "%s", r.json.error ? r.json.error : "bad base64");
    if (token != JSON_TOKEN_OBJECT_END || json_next(&r.json) != JSON_TOKEN_END)
        return err_set(e, ERR_SYNTAX, "%s", r.json.error);
    return 0;
}

void dead_letter_read_deinit(struct dead_letter_read *d)
{
    buf_deinit(&d->storage);
    *d = (struct dead_letter_read){.partition = -1};
}

/* --- signature -------------------------------------------------------------------------------- */

/* Behind the quotation that begins at i; to the end when it does not end. */
static size_t skip_quotation(struct span text, size_t i)
{
    const char *end = memchr(text.p + i + 1, '"', text.len - i - 1);
    return end ? (size_t)(end - text.p) + 1 : text.len;
}

static size_t skip_number(struct span text, size_t i)
{
    while (i < text.len && (is_digit(text.p[i]) || text.p[i] == '.'))
        i++;
    return i;
}

void dead_letter_signature(const struct dead_letter_read *d, struct buf *out)
{
    struct span text = d->message;
    buf_span(out, d->code.len > 0 ? d->code : span_str("unknown"));
    buf_str(out, ": ");
    for (size_t i = 0; i < text.len;) {
        if (text.p[i] == '"') {
            buf_str(out, "\"...\"");
            i = skip_quotation(text, i);
        } else if (is_digit(text.p[i])) {
            buf_char(out, '#');
            i = skip_number(text, i);
        } else {
            buf_char(out, text.p[i++]);
        }
    }
}
