/* Scopes: what a key may be used for. */
#include "common/auth/scope.h"

#include <stdio.h>

static const struct {
    enum scope scope;
    const char *name;
} rows[] = {{SCOPE_INGEST, "ingest"}, {SCOPE_READ, "read"}, {SCOPE_ADMIN, "admin"}};

enum { ROWS = sizeof rows / sizeof rows[0] };

const char scope_names[] = "ingest, read, admin";

unsigned scope_parse(struct span name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (span_is(name, rows[i].name))
            return rows[i].scope;
    return 0;
}

const char *scope_name(enum scope scope)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].scope == scope)
            return rows[i].name;
    return "none";
}

size_t scope_write(unsigned scopes, char out[SCOPE_TEXT_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ROWS; i++)
        if (scopes & rows[i].scope)
            len += (size_t)snprintf(out + len, SCOPE_TEXT_MAX - len, "%s%s", len > 0 ? "," : "",
                                    rows[i].name);
    return len;
}
