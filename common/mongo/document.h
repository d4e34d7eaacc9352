/* Fields of a document as a table, so that writing and reading them cannot drift apart. */
#ifndef WEIR_MONGO_DOCUMENT_H
#define WEIR_MONGO_DOCUMENT_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>

enum document_type {
    DOCUMENT_INT32,  /* int32_t */
    DOCUMENT_INT64,  /* int64_t or uint64_t below 2^63 */
    DOCUMENT_DATE,   /* int64_t, ms since 1970 */
    DOCUMENT_DOUBLE, /* double; null when not finite */
    DOCUMENT_BOOL,
};

struct document_field {
    const char *name;
    enum document_type type;
    size_t offset; /* in the struct */
};

void document_write(bson_t *doc, const struct document_field *fields, size_t count,
                    const void *from);

/* Reads what is there. Returns a bit for each field found (bit i = fields[i]; at most 64 fields);
 * numbers of another type are converted, null is left alone and counts as not found. */
uint64_t document_read(const bson_t *doc, const struct document_field *fields, size_t count,
                       void *into);

/* Whether document_read found all of `count` fields. */
static inline bool document_complete(uint64_t found, size_t count)
{
    return found == (count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1);
}

/* A nested document or array, not copied. False when there is none of that type. */
bool document_child(const bson_t *doc, const char *name, bson_t *child);
/* The document that an iterator stands on (also an element of an array). */
bool document_at(const bson_iter_t *iter, bson_t *child);

/* Calls `visit` with each document of the array `name`; stops and returns false when it does. True
 * when there is no such array. */
bool document_each(const bson_t *doc, const char *name,
                   bool (*visit)(void *arg, const bson_t *item), void *arg);

/* Starts element `i` of an array of documents; ended by bson_append_document_end. */
void document_begin_item(bson_t *array, unsigned i, bson_t *item);

#define DOCUMENT_COUNT(fields) (sizeof(fields) / sizeof *(fields))

#endif
