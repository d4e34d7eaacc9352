/* Fields of a document as a table, so that writing and reading them cannot drift apart. */
#include "common/mongo/document.h"

#include <math.h>
#include <string.h>

static void write_double(bson_t *doc, const char *name, double v)
{
    if (isfinite(v))
        BSON_APPEND_DOUBLE(doc, name, v);
    else
        BSON_APPEND_NULL(doc, name);
}

void document_write(bson_t *doc, const struct document_field *fields, size_t count,
                    const void *from)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = fields[i].name;
        const void *at = (const char *)from + fields[i].offset;
        switch (fields[i].type) {
        case DOCUMENT_INT32:
            BSON_APPEND_INT32(doc, name, *(const int32_t *)at);
            break;
        case DOCUMENT_INT64:
            BSON_APPEND_INT64(doc, name, *(const int64_t *)at);
            break;
        case DOCUMENT_DATE:
            BSON_APPEND_DATE_TIME(doc, name, *(const int64_t *)at);
            break;
        case DOCUMENT_DOUBLE:
            write_double(doc, name, *(const double *)at);
            break;
        case DOCUMENT_BOOL:
            BSON_APPEND_BOOL(doc, name, *(const bool *)at);
            break;
        }
    }
}

static bool read_bool(const bson_iter_t *iter, void *at)
{
    if (!BSON_ITER_HOLDS_BOOL(iter))
        return false;
    *(bool *)at = bson_iter_bool(iter);
    return true;
}

static bool read_date(const bson_iter_t *iter, void *at)
{
    if (!BSON_ITER_HOLDS_DATE_TIME(iter))
        return false;
    *(int64_t *)at = bson_iter_date_time(iter);
    return true;
}

static bool read_number(const bson_iter_t *iter, enum document_type type, void *at)
{
    if (!BSON_ITER_HOLDS_NUMBER(iter))
        return false;
    if (type == DOCUMENT_DOUBLE)
        *(double *)at = bson_iter_as_double(iter);
    else if (type == DOCUMENT_INT64)
        *(int64_t *)at = bson_iter_as_int64(iter);
    else
        *(int32_t *)at = (int32_t)bson_iter_as_int64(iter);
    return true;
}

static bool read_one(const bson_iter_t *iter, const struct document_field *field, void *into)
{
    void *at = (char *)into + field->offset;
    switch (field->type) {
    case DOCUMENT_BOOL:
        return read_bool(iter, at);
    case DOCUMENT_DATE:
        return read_date(iter, at);
    default:
        return read_number(iter, field->type, at);
    }
}

uint64_t document_read(const bson_t *doc, const struct document_field *fields, size_t count,
                       void *into)
{
    uint64_t found = 0;
    bson_iter_t iter;
    if (!bson_iter_init(&iter, doc))
        return 0;
    while (bson_iter_next(&iter)) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(bson_iter_key(&iter), fields[i].name) != 0)
                continue;
            if (read_one(&iter, &fields[i], into))
                found |= UINT64_C(1) << i;
            break;
        }
    }
    return found;
}

bool document_at(const bson_iter_t *iter, bson_t *child)
{
    const uint8_t *data = NULL;
    uint32_t len = 0;
    if (BSON_ITER_HOLDS_DOCUMENT(iter))
        bson_iter_document(iter, &len, &data);
    else if (BSON_ITER_HOLDS_ARRAY(iter))
        bson_iter_array(iter, &len, &data);
    return data && bson_init_static(child, data, len);
}

bool document_child(const bson_t *doc, const char *name, bson_t *child)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, name) && document_at(&iter, child);
}

bool document_each(const bson_t *doc, const char *name,
                   bool (*visit)(void *arg, const bson_t *item), void *arg)
{
    bson_t array, item;
    bson_iter_t iter;
    if (!document_child(doc, name, &array) || !bson_iter_init(&iter, &array))
        return true;
    while (bson_iter_next(&iter))
        if (!document_at(&iter, &item) || !visit(arg, &item))
            return false;
    return true;
}

void document_begin_item(bson_t *array, unsigned i, bson_t *item)
{
    char text[16];
    const char *key;
    size_t len = bson_uint32_to_string(i, &key, text, sizeof text);
    bson_append_document_begin(array, key, (int)len, item);
}
