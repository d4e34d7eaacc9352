/* Which kinds of body a route takes, by Content-Type. Pure. */
#ifndef WEIR_INGEST_MEDIA_TYPE_H
#define WEIR_INGEST_MEDIA_TYPE_H

#include <stdbool.h>

#include "common/base/span.h"

/* application/json, text/json, anything ending in +json; also none at all, and
 * application/x-www-form-urlencoded, which curl -d says of whatever it is given. Parameters such
 * as charset are ignored: JSON is UTF-8. */
bool media_type_is_json(struct span content_type);

/* No Content-Encoding, or "identity". */
bool media_type_is_plain(struct span content_encoding);

#endif
