/* Who did what, when. */
#include "tools/ctl/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/utf8.h"
#include "common/store/schema.h"

/* "eve@gate-3"; as good as the environment, which is enough among colleagues. */
static void who(char *out, size_t size)
{
    char host[128] = "?";
    const char *user = getenv("SUDO_USER");
    user = user ? user : getenv("USER");
    user = user ? user : getenv("LOGNAME");
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    if (user && utf8_valid(span_str(user)))
        snprintf(out, size, "%.100s@%s", user, host);
    else
        snprintf(out, size, "uid %u@%s", (unsigned)getuid(), host);
}

int audit_begin(struct audit *a, struct reach *r, const char *what, const bson_t *details,
                int64_t now_ms, struct err *e)
{
    char by[256];
    bson_t doc = BSON_INITIALIZER;
    bson_error_t error = {0};
    a->reach = r;
    bson_oid_init(&a->id, NULL);
    who(by, sizeof by);
    BSON_APPEND_OID(&doc, "_id", &a->id);
    BSON_APPEND_UTF8(&doc, "what", what);
    BSON_APPEND_UTF8(&doc, "by", by);
    BSON_APPEND_DATE_TIME(&doc, "at", now_ms);
    BSON_APPEND_DOCUMENT(&doc, "details", details);
    mongoc_collection_t *c = reach_collection(r, STORE_AUDIT);
    bool ok = mongoc_collection_insert_one(c, &doc, NULL, NULL, &error);
    mongoc_collection_destroy(c);
    bson_destroy(&doc);
    return ok ? 0 : mongo_fail(e, STORE_AUDIT, &error, NULL);
}

int audit_end(const struct audit *a, const bson_t *result, int64_t now_ms, struct err *e)
{
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, set;
    bson_error_t error = {0};
    BSON_APPEND_OID(&filter, "_id", &a->id);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
    BSON_APPEND_DATE_TIME(&set, "done_at", now_ms);
    BSON_APPEND_DOCUMENT(&set, "result", result);
    bson_append_document_end(&update, &set);
    mongoc_collection_t *c = reach_collection(a->reach, STORE_AUDIT);
    bool ok = mongoc_collection_update_one(c, &filter, &update, NULL, NULL, &error);
    mongoc_collection_destroy(c);
    bson_destroy(&update);
    bson_destroy(&filter);
    return ok ? 0 : mongo_fail(e, STORE_AUDIT, &error, NULL);
}
