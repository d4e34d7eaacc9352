/* Many documents by their _id with one query, each handed to the item that asked for it. */
#include "common/mongo/lookup.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/map.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "common/mongo/errors.h"

/* Ids of one query: 10,000 of 256 bytes are far from the 16 MiB that a query may have. */
enum { IDS_PER_QUERY = 10000 };

struct entry {
    bson_t *key; /* {"_id": id}, owned: its bytes are the key of the map. A bson_t that is longer
                  * than its inline bytes points into itself, so it must not lie in the array */
    size_t next; /* 1 + the next item with the same id; 0 = none */
};

struct mongo_lookup {
    struct map *first; /* key -> 1 + the first item that has it */
    struct entry *item;
    size_t count, cap;
};

struct mongo_lookup *mongo_lookup_new(void)
{
    struct mongo_lookup *l = xcalloc(1, sizeof *l);
    l->first = map_new(random_seed());
    return l;
}

void mongo_lookup_free(struct mongo_lookup *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->count; i++)
        bson_destroy(l->item[i].key);
    map_free(l->first, NULL);
    free(l->item);
    free(l);
}

static struct span key_bytes(const bson_t *key)
{
    return span_of((const char *)bson_get_data(key), key->len);
}

void mongo_lookup_add(struct mongo_lookup *l, const bson_value_t *id)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 16;
        l->item = xreallocarray(l->item, l->cap, sizeof *l->item);
    }
    struct entry *new = &l->item[l->count++];
    new->key = bson_new();
    BSON_APPEND_VALUE(new->key, "_id", id);
    void *before = map_put(l->first, key_bytes(new->key), (void *)(uintptr_t)l->count);
    new->next = (size_t)(uintptr_t)before;
}

void mongo_lookup_add_utf8(struct mongo_lookup *l, const char *id, size_t len)
{
    bson_value_t value = {.value_type = BSON_TYPE_UTF8};
    value.value.v_utf8.str = (char *)(uintptr_t)id; /* only read */
    value.value.v_utf8.len = (uint32_t)len;
    mongo_lookup_add(l, &value);
}

/* {_id: {$in: [ids of items from..to)]}} */
static void make_filter(const struct mongo_lookup *l, size_t from, size_t to, bson_t *filter)
{
    bson_t in, list;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (size_t i = from; i < to; i++) {
        char text[16];
        const char *index;
        bson_iter_t iter;
        bson_uint32_to_string((uint32_t)(i - from), &index, text, sizeof text);
        bson_iter_init_find(&iter, l->item[i].key, "_id");
        BSON_APPEND_VALUE(&list, index, bson_iter_value(&iter));
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(filter, &in);
}

struct visitor {
    void (*visit)(void *arg, size_t item, const bson_t *doc);
    void *arg;
};

/* To all items of this query that asked for the document: ids may repeat. */
static void deliver(const struct mongo_lookup *l, const bson_t *doc, const struct visitor *v,
                    size_t from, size_t to)
{
    bson_iter_t iter;
    if (!bson_iter_init_find(&iter, doc, "_id"))
        return;
    bson_t key = BSON_INITIALIZER;
    BSON_APPEND_VALUE(&key, "_id", bson_iter_value(&iter));
    size_t next = (size_t)(uintptr_t)map_get(l->first, key_bytes(&key));
    for (; next; next = l->item[next - 1].next)
        if (next - 1 >= from && next - 1 < to)
            v->visit(v->arg, next - 1, doc);
    bson_destroy(&key);
}

static int query(const struct mongo_lookup *l, mongoc_collection_t *c, const bson_t *opts,
                 const struct visitor *v, size_t from, size_t to, struct err *e)
{
    bson_t filter = BSON_INITIALIZER;
    make_filter(l, from, to, &filter);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(c, &filter, opts, NULL);
    const bson_t *doc;
    while (mongoc_cursor_next(cursor, &doc))
        deliver(l, doc, v, from, to);
    bson_error_t error = {0};
    int rc = mongoc_cursor_error(cursor, &error)
                 ? err_set(e, ERR_UNAVAILABLE, "find by _id: %s", error.message)
                 : 0;
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    return rc;
}

int mongo_lookup_run(const struct mongo_lookup *l, mongoc_collection_t *c, const bson_t *projection,
                     void (*visit)(void *arg, size_t item, const bson_t *doc), void *arg,
                     struct err *e)
{
    const struct visitor v = {.visit = visit, .arg = arg};
    bson_t opts = BSON_INITIALIZER;
    BSON_APPEND_INT32(&opts, "batchSize", IDS_PER_QUERY);
    if (projection)
        BSON_APPEND_DOCUMENT(&opts, "projection", projection);
    int rc = 0;
    for (size_t from = 0; from < l->count && rc == 0; from += IDS_PER_QUERY) {
        size_t left = l->count - from;
        rc = query(l, c, &opts, &v, from, from + (left < IDS_PER_QUERY ? left : IDS_PER_QUERY), e);
    }
    bson_destroy(&opts);
    return rc;
}
