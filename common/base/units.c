/* Durations and sizes as people write them: two tables of units and the same small parser. */
#include "common/base/units.h"

#include <stddef.h>
#include <string.h>

#include "common/base/num.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: that is the order they are written in. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit sizes[] = {
    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1000000000},
    {"MB", 1000000},  {"kB", 1000},     {"B", 1},         {"", 1},
};

enum {
    DURATIONS = sizeof durations / sizeof durations[0],
    SIZES = sizeof sizes / sizeof sizes[0],
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes a whole number from the front of `text`. */
static bool take_number(struct span *text, int64_t *out)
{
    size_t len = 0;
    while (len < text->len && is_digit(text->p[len])) {
        len++;
    }
    bool ok = num_parse_i64(span_of(text->p, len), 0, INT64_MAX, out);
    *text = span_of(text->p + len, text->len - len);
    return ok;
}

/* Takes a unit's name from the front of `text`: everything up to the next digit. */
static struct span take_name(struct span *text)
{
    size_t len = 0;
    while (len < text->len && !is_digit(text->p[len])) {
        len++;
    }
    struct span name = span_of(text->p, len);
    *text = span_of(text->p + len, text->len - len);
    return name;
}

static size_t find_unit(const struct unit *units, size_t count, struct span name)
{
    size_t i = 0;
    while (i < count && !span_is(name, units[i].name)) {
        i++;
    }
    return i;
}

static bool add_product(int64_t *sum, int64_t number, int64_t factor)
{
    int64_t product;
    return !__builtin_mul_overflow(number, factor, &product) &&
           !__builtin_add_overflow(*sum, product, sum);
}

bool duration_parse(struct span text, int64_t *ms)
{
    int64_t sum = 0;
    if (span_is(text, "0")) {
        *ms = 0;
        return true;
    }
    if (text.len == 0) {
        return false;
    }
    for (size_t next = 0; text.len > 0;) {
        int64_t number;
        if (!take_number(&text, &number)) {
            return false;
        }
        size_t unit = find_unit(durations, DURATIONS, take_name(&text));
        if (unit < next || unit == DURATIONS ||
            !add_product(&sum, number, durations[unit].factor)) {
            return false;
        }
        next = unit + 1;
    }
    *ms = sum;
    return true;
}

static size_t append(char *out, size_t len, int64_t number, const char *unit)
{
    len += num_format_i64(number, out + len);
    size_t unit_len = strlen(unit);
    memcpy(out + len, unit, unit_len + 1);
    return len + unit_len;
}

/* The longest text, of INT64_MAX, has 27 bytes. Negative durations are not a setting; they show as
 * a minus and the rest, for messages. */
size_t duration_format(int64_t ms, char out[UNITS_TEXT_MAX])
{
    size_t len = 0;
    if (ms == 0) {
        return append(out, 0, 0, "s");
    }
    if (ms < 0) {
        out[len++] = '-';
        ms = ms == INT64_MIN ? INT64_MAX : -ms;
    }
    for (size_t i = 0; i < DURATIONS; i++) {
        int64_t number = ms / durations[i].factor;
        ms %= durations[i].factor;
        if (number > 0) {
            len = append(out, len, number, durations[i].name);
        }
    }
    return len;
}

bool size_parse(struct span text, int64_t *bytes)
{
    int64_t number, sum = 0;
    if (!take_number(&text, &number)) {
        return false;
    }
    size_t unit = find_unit(sizes, SIZES, text);
    if (unit == SIZES || !add_product(&sum, number, sizes[unit].factor)) {
        return false;
    }
    *bytes = sum;
    return true;
}

/* The largest binary unit that divides without rest, else bytes: what is printed is exact. */
size_t size_format(int64_t bytes, char out[UNITS_TEXT_MAX])
{
    for (size_t i = 0; i < 3 && bytes != 0; i++) {
        if (bytes % sizes[i].factor == 0) {
            return append(out, 0, bytes / sizes[i].factor, sizes[i].name);
        }
    }
    return append(out, 0, bytes, "B");
}
