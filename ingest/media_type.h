/* Which kinds of body a route takes, by Content-Type. Pure. */
#ifndef WEIR_INGEST_MEDIA_TYPE_H
#define WEIR_INGEST_MEDIA_TYPE_H

#include <stdbool.h>

#include "common/base/span.h"

/* application/json, text/json, anything ending in +json; also none at all, and
 * application/x-www-form-urlencoded, which curl -d says of whatever it is given. Parameters such
 * as charset are ignored: JSON is UTF-8. */
bool media_type_is_json(struct span content_type);

/* application/x-ndjson, application/ndjson, application/jsonl: a JSON value on each line. */
bool media_type_is_json_lines(struct span content_type);

bool media_type_is_json_or_lines(struct span content_type);

/* text/plain, application/octet-stream, none at all, and what curl says of whatever it is given:
 * for line protocol, which has no type of its own. */
bool media_type_is_text(struct span content_type);

/* How the bytes of a body are coded. */
enum media_coding {
    CODING_IDENTITY, /* no Content-Encoding, or "identity" */
    CODING_GZIP,     /* "gzip", and "x-gzip", which is the same (RFC 9110 section 8.4.1.3) */
    CODING_OTHER,    /* any other, and any list of several */
};
enum media_coding media_coding_of(struct span content_encoding);

#endif
