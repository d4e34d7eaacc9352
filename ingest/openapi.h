/* GET /openapi.json: openapi.json of this folder, which describes every route. */
#ifndef WEIR_INGEST_OPENAPI_H
#define WEIR_INGEST_OPENAPI_H

#include "common/http/router.h"

/* With a strong ETag: 304 to those who have it. Needs no key. */
extern const struct http_route openapi_route;

struct span openapi_document(void);

#endif
