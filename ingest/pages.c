/* Routes of weir-ingest that take no readings. */
#include "ingest/pages.h"

#include "ingest/openapi.h"
#include "ingest/ping.h"

const struct http_route *const pages[] = {
    &openapi_route,
    &ping_route,
};

const unsigned page_count = sizeof pages / sizeof pages[0];
