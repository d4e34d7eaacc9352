/* Character classes of RFC 9110 and RFC 3986 as one table. */
#include "common/http/chars.h"

enum {
    T = CHAR_TOKEN,
    P = CHAR_PATH | CHAR_QUERY,
    Q = CHAR_QUERY,
    H = CHAR_HOST,
    X = CHAR_HEX,
    D = CHAR_DIGIT,
};

const uint8_t http_char_classes[256] = {
    ['!'] = T | P | H,
    ['#'] = T,
    ['$'] = T | P | H,
    ['%'] = T | P,
    ['&'] = T | P | H,
    ['\''] = T | P | H,
    ['('] = P | H,
    [')'] = P | H,
    ['*'] = T | P | H,
    ['+'] = T | P | H,
    [','] = P | H,
    ['-'] = T | P | H,
    ['.'] = T | P | H,
    ['/'] = P,
    [':'] = P,
    [';'] = P | H,
    ['='] = P | H,
    ['?'] = Q,
    ['@'] = P,
    ['['] = P,
    [']'] = P,
    ['^'] = T | P,
    ['_'] = T | P | H,
    ['`'] = T,
    ['{'] = Q,
    ['|'] = T | P,
    ['}'] = Q,
    ['~'] = T | P | H,
    ['0'] = T | P | H | X | D,
    ['1'] = T | P | H | X | D,
    ['2'] = T | P | H | X | D,
    ['3'] = T | P | H | X | D,
    ['4'] = T | P | H | X | D,
    ['5'] = T | P | H | X | D,
    ['6'] = T | P | H | X | D,
    ['7'] = T | P | H | X | D,
    ['8'] = T | P | H | X | D,
    ['9'] = T | P | H | X | D,
    ['A'] = T | P | H | X,
    ['B'] = T | P | H | X,
    ['C'] = T | P | H | X,
    ['D'] = T | P | H | X,
    ['E'] = T | P | H | X,
    ['F'] = T | P | H | X,
    ['G'] = T | P | H,
    ['H'] = T | P | H,
    ['I'] = T | P | H,
    ['J'] = T | P | H,
    ['K'] = T | P | H,
    ['L'] = T | P | H,
    ['M'] = T | P | H,
    ['N'] = T | P | H,
    ['O'] = T | P | H,
    ['P'] = T | P | H,
    ['Q'] = T | P | H,
    ['R'] = T | P | H,
    ['S'] = T | P | H,
    ['T'] = T | P | H,
    ['U'] = T | P | H,
    ['V'] = T | P | H,
    ['W'] = T | P | H,
    ['X'] = T | P | H,
    ['Y'] = T | P | H,
    ['Z'] = T | P | H,
    ['a'] = T | P | H | X,
    ['b'] = T | P | H | X,
    ['c'] = T | P | H | X,
    ['d'] = T | P | H | X,
    ['e'] = T | P | H | X,
    ['f'] = T | P | H | X,
    ['g'] = T | P | H,
    ['h'] = T | P | H,
    ['i'] = T | P | H,
    ['j'] = T | P | H,
    ['k'] = T | P | H,
    ['l'] = T | P | H,
    ['m'] = T | P | H,
    ['n'] = T | P | H,
    ['o'] = T | P | H,
    ['p'] = T | P | H,
    ['q'] = T | P | H,
    ['r'] = T | P | H,
    ['s'] = T | P | H,
    ['t'] = T | P | H,
    ['u'] = T | P | H,
    ['v'] = T | P | H,
    ['w'] = T | P | H,
    ['x'] = T | P | H,
    ['y'] = T | P | H,
    ['z'] = T | P | H,
};

bool http_chars_all(struct span s, unsigned classes)
{
    for (size_t i = 0; i < s.len; i++)
        if (!http_char_is(s.p[i], classes))
            return false;
    return true;
}

static bool value_bytes_ok(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Eight bytes at a time: the words that may hold a control character are looked at again. */
bool http_chars_value(struct span s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word, del;
        memcpy(&word, s.p + i, sizeof word);
        del = word ^ (ones * 0x7f);
        uint64_t suspects = ((word - ones * 0x20) & ~word) | ((del - ones) & ~del);
        if ((suspects & tops) != 0 && !value_bytes_ok(s.p + i, 8))
            return false;
    }
    return value_bytes_ok(s.p + i, s.len - i);
}

unsigned http_hex_value(char c)
{
    unsigned u = (uint8_t)c;
    return u <= '9' ? u - '0' : (u | 0x20u) - 'a' + 10;
}

struct span http_trim(struct span s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}
