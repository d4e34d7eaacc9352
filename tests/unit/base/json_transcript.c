/* What the JSON reader sees in a document, as text. */
#include "tests/unit/base/json_transcript.h"

#include "common/base/num.h"

static const char *add_string(const struct json_reader *r, struct buf *out)
{
    size_t len = json_unescape(r->text, buf_reserve(out, r->text.len));
    bool escaped = r->text.len > 0 && memchr(r->text.p, '\\', r->text.len) != NULL;
    if (len > r->text.len) {
        return "a string grew when it was unescaped";
    }
    buf_commit(out, len);
    return escaped == r->escaped ? NULL : "`escaped` is not what the string is";
}

static const char *add_number(const struct json_reader *r, struct buf *out)
{
    double real;
    int64_t integer;
    if (!num_parse_json(r->text, &real)) {
        return "a number that num_parse_json refuses";
    }
    if (num_parse_i64(r->text, INT64_MIN, INT64_MAX, &integer)) {
        buf_printf(out, "i%lld", (long long)integer);
    } else {
        buf_printf(out, "r%a", real);
    }
    return NULL;
}

static const char *add_token(const struct json_reader *r, enum json_token token, struct buf *out)
{
    static const char marks[] = " {}[]ks#tfn";
    buf_char(out, ' ');
    buf_char(out, marks[token]);
    if (token == JSON_TOKEN_KEY || token == JSON_TOKEN_STRING) {
        return add_string(r, out);
    }
    return token == JSON_TOKEN_NUMBER ? add_number(r, out) : NULL;
}

enum transcript json_transcribe(struct span json, struct buf *out, const char **why)
{
    struct json_reader r;
    enum json_token token;
    *why = NULL;
    json_reader_init(&r, json.p, json.len);
    while ((token = json_next(&r)) > JSON_TOKEN_END) {
        *why = add_token(&r, token, out);
        if (*why) {
            return TRANSCRIPT_BROKEN;
        }
    }
    if (token == JSON_TOKEN_END) {
        return TRANSCRIPT_WHOLE;
    }
    *why = r.error;
    bool inside = r.at >= json.p && r.at <= json.p + json.len;
    if (!inside || !r.error) {
        *why = "an error without a place or a reason";
        return TRANSCRIPT_BROKEN;
    }
    return strcmp(r.error, "nested too deeply") == 0 ? TRANSCRIPT_TOO_DEEP : TRANSCRIPT_REFUSED;
}
