/* A stored account: what became of every offset of one partition. */
#include <stdio.h>

#include "common/mongo/document.h"
#include "common/store/documents.h"

static const struct document_field fields[] = {
    {"first", DOCUMENT_INT64, offsetof(struct ledger, first)},
    {"next_offset", DOCUMENT_INT64, offsetof(struct ledger, next_offset)},
    {"stored", DOCUMENT_INT64, offsetof(struct ledger, stored)},
    {"duplicate", DOCUMENT_INT64, offsetof(struct ledger, duplicate)},
    {"dead", DOCUMENT_INT64, offsetof(struct ledger, dead)},
    {"gap", DOCUMENT_INT64, offsetof(struct ledger, gap)},
};

static const struct document_field last_fields[] = {
    {"last_offset", DOCUMENT_INT64, offsetof(struct ledger, last_offset)},
    {"last_hash", DOCUMENT_INT64, offsetof(struct ledger, last_hash)},
};

static const struct document_field watermark_field[] = {
    {"watermark", DOCUMENT_DATE, offsetof(struct ledger, watermark_ms)},
};

void document_ledger_id(char out[DOCUMENT_LEDGER_ID_MAX], const char *topic, int32_t partition)
{
    snprintf(out, DOCUMENT_LEDGER_ID_MAX, "%s/%d", topic, (int)partition);
}

void document_ledger_encode(bson_t *doc, const char *topic, const struct ledger *l, int64_t now_ms)
{
    char id[DOCUMENT_LEDGER_ID_MAX];
    document_ledger_id(id, topic, l->partition);
    BSON_APPEND_UTF8(doc, "_id", id);
    document_write(doc, fields, DOCUMENT_COUNT(fields), l);
    if (l->watermark_ms == INT64_MIN)
        BSON_APPEND_NULL(doc, "watermark");
    else
        document_write(doc, watermark_field, 1, l);
    if (l->last_hash)
        document_write(doc, last_fields, DOCUMENT_COUNT(last_fields), l);
    BSON_APPEND_DATE_TIME(doc, "updated_at", now_ms);
}

bool document_ledger_decode(const bson_t *doc, struct ledger *l)
{
    l->watermark_ms = INT64_MIN;
    document_read(doc, watermark_field, 1, l);
    document_read(doc, last_fields, DOCUMENT_COUNT(last_fields), l);
    return document_complete(document_read(doc, fields, DOCUMENT_COUNT(fields), l),
                             DOCUMENT_COUNT(fields));
}
