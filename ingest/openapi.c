/* GET /openapi.json: the file beside this one, as the assembler put it into the program. */
#include "ingest/openapi.h"

#include <stdio.h>

#include "common/base/hash.h"
#include "common/http/handler.h"

__asm__(".pushsection .rodata\n"
        ".global openapi_begin, openapi_end\n"
        "openapi_begin: .incbin \"ingest/openapi.json\"\n"
        "openapi_end:\n"
        ".popsection\n");
extern const char openapi_begin[], openapi_end[];

enum { ETAG_MAX = 24 };

struct span openapi_document(void)
{
    return span_of(openapi_begin, (size_t)(openapi_end - openapi_begin));
}

/* If-None-Match is "*" or a list of tags, which hold no quotes inside (RFC 9110, section 13.1.2).
 */
static bool is_known(struct span if_none_match, const char *etag)
{
    return span_is(if_none_match, "*") ||
           (if_none_match.len > 0 &&
            memmem(if_none_match.p, if_none_match.len, etag, strlen(etag)) != NULL);
}

static void get_openapi(struct http_exchange *ex, void *arg)
{
    (void)arg;
    char etag[ETAG_MAX], headers[ETAG_MAX + 64];
    struct span document = openapi_document();
    snprintf(etag, sizeof etag, "\"%016llx\"", (unsigned long long)hash_table(document, 0));
    snprintf(headers, sizeof headers, "ETag: %s\r\nCache-Control: no-cache\r\n", etag);
    bool known = is_known(http_head_get(http_exchange_head(ex), "If-None-Match"), etag);
    http_reply(ex, &(struct http_answer){.status = known ? 304 : 200,
                                         .headers = headers,
                                         .body = known ? (struct span){0} : document});
}

const struct http_route openapi_route = {
    .method = HTTP_GET, .path = "/openapi.json", .handler = get_openapi};
