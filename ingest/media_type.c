/* Which kinds of body a route takes, by Content-Type. Pure. */
#include "ingest/media_type.h"

/* The type without parameters and the spaces around it. */
static struct span essence(struct span s)
{
    const char *semicolon = s.len > 0 ? memchr(s.p, ';', s.len) : NULL;
    if (semicolon)
        s.len = (size_t)(semicolon - s.p);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool is(struct span s, const char *word)
{
    return span_ieq(s, span_str(word));
}

bool media_type_is_json(struct span content_type)
{
    static const char *const types[] = {"application/json", "text/json",
                                        "application/x-www-form-urlencoded"};
    struct span type = essence(content_type);
    if (type.len == 0)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is(type, types[i]))
            return true;
    return type.len > 5 && is(span_of(type.p + type.len - 5, 5), "+json");
}

bool media_type_is_json_lines(struct span content_type)
{
    struct span type = essence(content_type);
    return is(type, "application/x-ndjson") || is(type, "application/ndjson") ||
           is(type, "application/jsonl");
}

bool media_type_is_json_or_lines(struct span content_type)
{
    return media_type_is_json(content_type) || media_type_is_json_lines(content_type);
}

bool media_type_is_text(struct span content_type)
{
    struct span type = essence(content_type);
    return type.len == 0 || is(type, "text/plain") || is(type, "application/octet-stream") ||
           is(type, "application/x-www-form-urlencoded");
}

enum media_coding media_coding_of(struct span content_encoding)
{
    if (content_encoding.len == 0 || is(content_encoding, "identity"))
        return CODING_IDENTITY;
    if (is(content_encoding, "gzip") || is(content_encoding, "x-gzip"))
        return CODING_GZIP;
    return CODING_OTHER;
}
