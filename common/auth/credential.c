/* The key that a request brings. */
#include "common/auth/credential.h"

/* Empty for a scheme that is not known. */
static struct span without_scheme(struct span value)
{
    static const char *const schemes[] = {"Bearer", "Token"};
    const char *space = value.len > 0 ? memchr(value.p, ' ', value.len) : NULL;
    size_t len = space ? (size_t)(space - value.p) : value.len;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (!span_ieq(span_of(value.p, len), span_str(schemes[i])))
            continue;
        while (len < value.len && value.p[len] == ' ') /* RFC 9110 section 11.4: 1*SP */
            len++;
        return span_of(value.p + len, value.len - len);
    }
    return span_of(value.p, 0);
}

enum credential_count credential_find(const struct http_head *head, struct span *key)
{
    enum credential_count found = CREDENTIAL_NONE;
    for (unsigned i = 0; i < head->headers; i++) {
        const struct http_header *h = &head->header[i];
        struct span value = h->value;
        if (span_ieq(h->name, span_str("Authorization")))
            value = without_scheme(h->value);
        else if (!span_ieq(h->name, span_str("X-API-Key")))
            continue;
        if (found == CREDENTIAL_ONE && !span_eq(value, *key))
            return CREDENTIAL_SEVERAL;
        *key = value;
        found = CREDENTIAL_ONE;
    }
    return found;
}
