/* Routes of weir-ingest that take no readings. */
#ifndef WEIR_INGEST_PAGES_H
#define WEIR_INGEST_PAGES_H

#include "common/http/router.h"

extern const struct http_route *const pages[];
extern const unsigned page_count;

#endif
