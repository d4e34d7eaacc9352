/* The request target (RFC 9112 section 3.2) and the host (RFC 9110 section 7.2). */
#include "common/http/chars.h"
#include "common/http/parse.h"

/* Every '%' is followed by two hex digits, and none of them stands for NUL. */
static bool escapes_valid(struct span s)
{
    const char *end = s.p + s.len;
    for (const char *p = s.p; (p = memchr(p, '%', (size_t)(end - p))) != NULL; p += 3) {
        if (end - p < 3 || !http_char_is(p[1], CHAR_HEX) || !http_char_is(p[2], CHAR_HEX))
            return false;
        if (p[1] == '0' && p[2] == '0')
            return false;
    }
    return true;
}

static int parse_path(struct http_head *h, struct span text, struct http_refusal *refusal)
{
    const char *mark = memchr(text.p, '?', text.len);
    h->path = text;
    h->query = (struct span){0};
    if (mark) {
        h->path.len = (size_t)(mark - text.p);
        h->query = span_of(mark + 1, text.len - h->path.len - 1);
    }
    bool chars = http_chars_all(h->path, CHAR_PATH) && http_chars_all(h->query, CHAR_QUERY);
    bool escapes = escapes_valid(text);
    if (!chars || !escapes) {
        h->path = h->query = (struct span){0};
        return http_refuse(refusal, 400,
                           chars ? "bad percent-escape in the target"
                                 : "character not allowed in the target");
    }
    return 0;
}

/* The authority stands between "http://" and the path; 0 when this is not an absolute target. */
static size_t scheme_length(struct span target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        struct span scheme = span_str(schemes[i]);
        if (target.len >= scheme.len && span_ieq(span_of(target.p, scheme.len), scheme))
            return scheme.len;
    }
    return 0;
}

static int parse_absolute(struct http_head *h, size_t scheme, struct http_refusal *refusal)
{
    struct span rest = span_of(h->target.p + scheme, h->target.len - scheme);
    size_t n = 0;
    while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    h->host = span_of(rest.p, n);
    if (!http_host_valid(h->host))
        return http_refuse(refusal, 400, "bad host in the target");
    rest = span_of(rest.p + n, rest.len - n);
    if (rest.len > 0 && rest.p[0] == '/')
        return parse_path(h, rest, refusal);
    if (parse_path(h, rest, refusal) < 0) /* no path: only a query may stand here */
        return -1;
    h->path = span_str(h->method == HTTP_OPTIONS && rest.len == 0 ? "*" : "/");
    return 0;
}

int http_parse_target(struct http_head *h, struct http_refusal *refusal)
{
    struct span t = h->target;
    if (t.len > 0 && t.p[0] == '/')
        return parse_path(h, t, refusal);
    if (span_is(t, "*") && h->method == HTTP_OPTIONS) {
        h->path = t;
        return 0;
    }
    size_t scheme = scheme_length(t);
    if (scheme > 0)
        return parse_absolute(h, scheme, refusal);
    return http_refuse(refusal, 400, "malformed request target");
}

static bool port_valid(struct span port)
{
    unsigned long value = 0;
    if (port.len > 5 || !http_chars_all(port, CHAR_DIGIT))
        return false;
    for (size_t i = 0; i < port.len; i++)
        value = value * 10 + (unsigned long)(port.p[i] - '0');
    return value <= 65535;
}

/* "[::1]": only the characters are checked; nobody connects to it. */
static size_t ip_literal_length(struct span host)
{
    const char *close = memchr(host.p, ']', host.len);
    size_t n = close ? (size_t)(close - host.p) + 1 : 0;
    if (n < 4)
        return 0;
    for (size_t i = 1; i + 1 < n; i++)
        if (!http_char_is(host.p[i], CHAR_HEX) && host.p[i] != ':' && host.p[i] != '.')
            return 0;
    return n;
}

bool http_host_valid(struct span host)
{
    size_t n = 0;
    if (host.len > 0 && host.p[0] == '[')
        n = ip_literal_length(host);
    else
        while (n < host.len && http_char_is(host.p[n], CHAR_HOST))
            n++;
    if (n == 0)
        return false;
    if (n == host.len)
        return true;
    return host.p[n] == ':' && port_valid(span_of(host.p + n + 1, host.len - n - 1));
}
