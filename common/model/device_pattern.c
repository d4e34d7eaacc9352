/* Patterns that name devices. */
#include "common/model/device_pattern.h"

static struct span from(struct span s, size_t n)
{
    return span_of(s.p + n, s.len - n);
}

static bool begins_with(struct span s, struct span head)
{
    return s.len >= head.len && memcmp(s.p, head.p, head.len) == 0;
}

/* The pieces between the stars of `middle` must stand in `text`, in their order. The leftmost place
 * of each leaves the most room for the next, so there is never a reason to go back. */
static bool pieces_match(struct span middle, struct span text)
{
    while (middle.len > 0) {
        const char *star = memchr(middle.p, '*', middle.len);
        size_t piece = star ? (size_t)(star - middle.p) : middle.len;
        const char *found = memmem(text.p, text.len, middle.p, piece);
        if (!found)
            return false;
        text = from(text, (size_t)(found - text.p) + piece);
        middle = from(middle, star ? piece + 1 : piece);
    }
    return true;
}

/*  pattern   head * piece * piece * tail
 *  id        head .......................tail    */
bool device_pattern_matches(struct span pattern, struct span device_id)
{
    const char *first = pattern.len > 0 ? memchr(pattern.p, '*', pattern.len) : NULL;
    if (!first)
        return span_eq(pattern, device_id);
    const char *last = memrchr(pattern.p, '*', pattern.len);
    struct span head = span_of(pattern.p, (size_t)(first - pattern.p));
    struct span tail = from(pattern, (size_t)(last - pattern.p) + 1);
    if (device_id.len < head.len + tail.len || !begins_with(device_id, head))
        return false;
    struct span rest = from(device_id, head.len);
    if (!begins_with(from(rest, rest.len - tail.len), tail))
        return false;
    if (first == last)
        return true;
    return pieces_match(span_of(first + 1, (size_t)(last - first) - 1),
                        span_of(rest.p, rest.len - tail.len));
}
