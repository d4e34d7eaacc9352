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

bool media_type_is_plain(struct span content_encoding)
{
    struct span coding = essence(content_encoding);
    return coding.len == 0 || is(coding, "identity");
}
