/* UTF-8 (RFC 3629): validation, with a fast path for ASCII. */
#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Table 3-7 of the Unicode standard: the second byte is what rules out overlong forms, surrogates
 * and everything above U+10FFFF. */
size_t utf8_char(const char *p, const char *end)
{
    size_t left = (size_t)(end - p);
    const unsigned char *u = (const unsigned char *)p;
    if (left == 0) {
        return 0;
    }
    if (u[0] < 0x80) {
        return 1;
    }
    if (u[0] < 0xe0) {
        return u[0] >= 0xc2 && left >= 2 && continues(u[1]) ? 2 : 0;
    }
    if (left < 3 || !continues(u[1]) || !continues(u[2])) {
        return 0;
    }
    if (u[0] < 0xf0) {
        bool overlong = u[0] == 0xe0 && u[1] < 0xa0;
        bool surrogate = u[0] == 0xed && u[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = u[0] == 0xf0 && u[1] < 0x90;
    bool above = u[0] > 0xf4 || (u[0] == 0xf4 && u[1] > 0x8f);
    return !overlong && !above && left >= 4 && continues(u[3]) ? 4 : 0;
}

static const char *skip_ascii(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        if (word & UINT64_C(0x8080808080808080)) {
            break;
        }
        p += 8;
    }
    return p;
}

static const char *valid_until(const char *p, const char *end)
{
    for (;;) {
        p = skip_ascii(p, end);
        size_t len = utf8_char(p, end);
        if (len == 0) {
            return p;
        }
        p += len;
    }
}

bool utf8_valid(struct span s)
{
    return s.len == 0 || valid_until(s.p, s.p + s.len) == s.p + s.len;
}

size_t utf8_cut(struct span s, size_t max)
{
    size_t len = s.len < max ? s.len : max;
    return len == 0 ? 0 : (size_t)(valid_until(s.p, s.p + len) - s.p);
}
