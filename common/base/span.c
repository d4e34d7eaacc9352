/* The one comparison of spans that is too long for its header. */
#include "common/base/span.h"

#include <stdint.h>

static unsigned char ascii_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Of eight bytes at once. Their top bits are out of the way while they are compared with the ends
 * of the alphabet, so nothing is carried from one byte into the next. */
static uint64_t ascii_lower_word(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101), tops = each * 0x80;
    uint64_t low = word & ~tops;
    uint64_t from_a = low + each * (0x80 - 'A'), beyond_z = low + each * (0x7f - 'Z');
    return word | ((from_a & ~beyond_z & ~word & tops) >> 2);
}

static bool words_ieq(const char *a, const char *b)
{
    uint64_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left == right || ascii_lower_word(left) == ascii_lower_word(right);
}

static bool bytes_ieq(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ascii_lower(a[i]) != ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* The last word may hold bytes of the one before it. */
bool span_ieq(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    if (a.len < sizeof(uint64_t)) {
        return bytes_ieq(a.p, b.p, a.len);
    }
    const size_t last = a.len - sizeof(uint64_t);
    for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
        if (!words_ieq(a.p + i, b.p + i)) {
            return false;
        }
    }
    return words_ieq(a.p + last, b.p + last);
}
