/* The trace a request belongs to: W3C Trace Context. */
#include "common/obs/trace.h"

/* 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 * 0  3                                36               53 */
enum { TRACE_ID = 3, PARENT_ID = 36, PARENT_ID_LEN = 16, FLAGS = 53, FLAG_SAMPLED = 1 };

enum { KEY_MAX = 256, TENANT_MAX = 241, SYSTEM_MAX = 14, VALUE_MAX = 256 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool all_hex(const char *p, int len)
{
    for (int i = 0; i < len; i++)
        if (hex_value(p[i]) < 0)
            return false;
    return true;
}

static bool is_id(const char *p, int len)
{
    return all_hex(p, len) && strspn(p, "0") < (size_t)len;
}

static bool has_shape(const char *p)
{
    return all_hex(p, 2) && p[2] == '-' && is_id(p + TRACE_ID, TRACE_ID_LEN) && p[35] == '-' &&
           is_id(p + PARENT_ID, PARENT_ID_LEN) && p[52] == '-' && all_hex(p + FLAGS, 2);
}

static bool has_good_version(const char *p, size_t len)
{
    if (memcmp(p, "ff", 2) == 0)
        return false;
    if (memcmp(p, "00", 2) == 0 || len == TRACE_PARENT_LEN)
        return len == TRACE_PARENT_LEN;
    return p[TRACE_PARENT_LEN] == '-'; /* further fields of a later version */
}

bool trace_parent_parse(struct span value, char out[TRACE_PARENT_LEN + 1])
{
    out[0] = '\0';
    if (value.len < TRACE_PARENT_LEN || !has_good_version(value.p, value.len))
        return false;
    char text[TRACE_PARENT_LEN + 1] = {0};
    memcpy(text, value.p, TRACE_PARENT_LEN);
    if (!has_shape(text))
        return false;
    int sampled = hex_value(text[FLAGS + 1]) & FLAG_SAMPLED;
    memcpy(text, "00", 2);
    text[FLAGS] = '0';
    text[FLAGS + 1] = (char)('0' + sampled);
    memcpy(out, text, sizeof text);
    return true;
}

struct span trace_parent_id(const char parent[TRACE_PARENT_LEN + 1])
{
    return span_of(parent + TRACE_ID, TRACE_ID_LEN);
}

/* --- tracestate --- */

static struct span trimmed(struct span s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = span_of(s.p + 1, s.len - 1);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* The part before `c`; *rest is what follows it, or p NULL when there is no `c`. */
static struct span before(struct span s, char c, struct span *rest)
{
    const char *at = s.len > 0 ? memchr(s.p, c, s.len) : NULL;
    *rest = at ? span_of(at + 1, s.len - (size_t)(at - s.p) - 1) : (struct span){0};
    return at ? span_of(s.p, (size_t)(at - s.p)) : s;
}

static bool is_key_part(struct span s, bool may_start_with_digit, size_t max)
{
    if (s.len == 0 || s.len > max)
        return false;
    if (!is_lower(s.p[0]) && !(may_start_with_digit && is_digit(s.p[0])))
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && !memchr("_-*/", s.p[i], 4))
            return false;
    return true;
}

static bool is_key(struct span key)
{
    struct span system, tenant = before(key, '@', &system);
    if (!system.p)
        return is_key_part(key, false, KEY_MAX);
    return is_key_part(tenant, true, TENANT_MAX) && is_key_part(system, false, SYSTEM_MAX);
}

static bool is_value(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.p[i] < 0x20 || value.p[i] > 0x7e || value.p[i] == '=')
            return false;
    return value.len > 0 && value.len <= VALUE_MAX;
}

static bool is_new(struct span key, const struct span *keys, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (span_eq(key, keys[i]))
            return false;
    return true;
}

bool trace_state_valid(struct span value)
{
    struct span keys[TRACE_STATE_MEMBERS_MAX], rest = value;
    unsigned count = 0;
    if (value.len > TRACE_STATE_MAX)
        return false;
    while (rest.p) {
        struct span text, member = trimmed(before(rest, ',', &rest));
        if (member.len == 0)
            continue; /* empty members are allowed */
        struct span key = before(member, '=', &text);
        if (count == TRACE_STATE_MEMBERS_MAX || !is_key(key) || !is_value(text) ||
            !is_new(key, keys, count))
            return false;
        keys[count++] = key;
    }
    return count > 0;
}
