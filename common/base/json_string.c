/* The strings of JSON: fast scanning, strict checking, and decoding of escapes. */
#include "common/base/json_string.h"

#include <string.h>

#include "common/base/utf8.h"

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

static uint64_t load_little_endian(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Sets the high bit of the first byte that is a control character, quote or backslash. Bytes above
 * it may be marked by mistake (borrow), which the caller never looks at. */
static uint64_t first_special(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    uint64_t control = (word - EACH_BYTE(0x20)) & ~word;
    quote = (quote - EACH_BYTE(1)) & ~quote;
    backslash = (backslash - EACH_BYTE(1)) & ~backslash;
    return (control | quote | backslash) & EACH_BYTE(0x80);
}

static bool is_special(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

size_t json_plain_length(struct span text)
{
    const char *p = text.p, *end = text.p + text.len;
    for (; end - p >= 8; p += 8) {
        uint64_t special = first_special(load_little_endian(p));
        if (special) {
            return (size_t)(p - text.p) + (size_t)(__builtin_ctzll(special) >> 3);
        }
    }
    while (p < end && !is_special(*p)) {
        p++;
    }
    return (size_t)(p - text.p);
}

/* Runs over plain ASCII, eight bytes at a time; never reads at or beyond `end`. */
static const char *skip_plain(const char *p, const char *end)
{
    for (; end - p >= 8; p += 8) {
        uint64_t word = load_little_endian(p);
        uint64_t special = first_special(word) | (word & EACH_BYTE(0x80));
        if (special) {
            return p + (__builtin_ctzll(special) >> 3);
        }
    }
    while (p < end && (unsigned char)*p < 0x80 && !is_special(*p)) {
        p++;
    }
    return p;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    int letter = c | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The code unit of "\uXXXX" at `p`, or -1. */
static int32_t unicode_escape(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static const char *stop(struct json_reader *r, const char *at, const char *why)
{
    r->at = at;
    r->error = why;
    return NULL;
}

/* `p` is at a backslash. Returns what follows the escape, or NULL after stop. */
static const char *scan_escape(struct json_reader *r, const char *p)
{
    r->escaped = true;
    if (r->end - p >= 2 && p[1] != '\0' && strchr("\"\\/bfnrt", p[1])) {
        return p + 2;
    }
    int32_t unit = unicode_escape(p, r->end);
    if (unit < 0) {
        return stop(r, p, "invalid escape in a string");
    }
    if (unit == 0) {
        return stop(r, p, "NUL is not allowed in a string");
    }
    if (is_high_surrogate(unit) && is_low_surrogate(unicode_escape(p + 6, r->end))) {
        return p + 12;
    }
    if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
        return stop(r, p, "lone surrogate in a string");
    }
    return p + 6;
}

const char *json_scan_string(struct json_reader *r, const char *p)
{
    const char *start = p;
    r->escaped = false;
    for (;;) {
        p = skip_plain(p, r->end);
        if (p == r->end) {
            return stop(r, p, "string without an end");
        }
        if (*p == '"') {
            r->text = span_of(start, (size_t)(p - start));
            return p + 1;
        }
        if (*p == '\\') {
            p = scan_escape(r, p);
            if (!p) {
                return NULL;
            }
            continue;
        }
        size_t len = (unsigned char)*p >= 0x80 ? utf8_char(p, r->end) : 0;
        if (len == 0) {
            bool control = (unsigned char)*p < 0x20;
            return stop(r, p,
                        control ? "control character in a string" : "invalid UTF-8 in a string");
        }
        p += len;
    }
}

static size_t put_utf8(int32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[len] | c);
    return len;
}

/* Decodes the escape at `p` and moves past it. The UTF-8 is never longer than the escape. */
static const char *put_escape(const char *p, const char *end, char **out)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    if (p[1] != 'u') {
        const char *letter = strchr(letters, p[1]);
        *(*out)++ = letter ? controls[letter - letters] : p[1];
        return p + 2;
    }
    int32_t c = unicode_escape(p, end);
    p += 6;
    if (is_high_surrogate(c)) {
        c = 0x10000 + ((c - 0xd800) << 10) + (unicode_escape(p, end) - 0xdc00);
        p += 6;
    }
    *out += put_utf8(c, *out);
    return p;
}

size_t json_unescape(struct span raw, char *out)
{
    char *to = out;
    const char *p = raw.p, *end = raw.p + raw.len;
    while (p < end) {
        if (*p == '\\') {
            p = put_escape(p, end, &to);
        } else {
            *to++ = *p++;
        }
    }
    return (size_t)(to - out);
}
