/* Whole documents written by compare-and-set, many at once, with the losers told apart. */
#include "common/mongo/cas.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/mongo/bulk.h"
#include "common/mongo/errors.h"
#include "common/mongo/lookup.h"

/* The items of one kind (inserts, or replaces), as pointers into the caller's. */
struct cas_group {
    struct mongo_cas **item;
    size_t count;
    struct mongo_bulk_item *outcome;
};

static struct cas_group group_of(struct mongo_cas *items, size_t count, bool inserts)
{
    struct cas_group g = {.item = xcalloc(count, sizeof *g.item)};
    for (size_t i = 0; i < count; i++)
        if ((items[i].expected == MONGO_CAS_ABSENT) == inserts)
            g.item[g.count++] = &items[i];
    g.outcome = xcalloc(g.count, sizeof *g.outcome);
    return g;
}

static void group_free(struct cas_group *g)
{
    free(g->item);
    free(g->outcome);
}

static mongoc_bulk_operation_t *unordered(mongoc_collection_t *c)
{
    bson_t opts = BSON_INITIALIZER;
    BSON_APPEND_BOOL(&opts, "ordered", false);
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(c, &opts);
    bson_destroy(&opts);
    return bulk;
}

static const bson_value_t *id_of(const bson_t *doc, bson_iter_t *iter)
{
    return bson_iter_init_find(iter, doc, "_id") ? bson_iter_value(iter) : NULL;
}

static int add(mongoc_bulk_operation_t *bulk, const char *guard, const struct mongo_cas *item,
               struct err *e)
{
    bson_iter_t iter;
    bson_error_t error = {0};
    const bson_value_t *id = id_of(item->doc, &iter);
    if (!id)
        return err_set(e, ERR_INVALID, "a document without _id");
    if (item->expected != MONGO_CAS_ABSENT)
        return mongo_bulk_replace_if(bulk, id, guard, item->expected, item->doc, e);
    if (!mongoc_bulk_operation_insert_with_opts(bulk, item->doc, NULL, &error))
        return err_set(e, ERR_INVALID, "insert: %s", error.message);
    return 0;
}

static int write_group(mongoc_collection_t *c, const char *guard, struct cas_group *g,
                       int64_t *modified, struct err *e)
{
    mongoc_bulk_operation_t *bulk = unordered(c);
    int rc = 0;
    for (size_t i = 0; i < g->count && rc == 0; i++)
        rc = add(bulk, guard, g->item[i], e);
    if (rc == 0)
        rc = mongo_bulk_execute(bulk, g->outcome, g->count, modified, e);
    mongoc_bulk_operation_destroy(bulk);
    for (size_t i = 0; i < g->count && rc == 0; i++)
        if (g->outcome[i].error && g->outcome[i].error != ERR_EXISTS)
            rc = err_set(e, g->outcome[i].error, "the store refuses a document: code %d",
                         g->outcome[i].server_code);
    return rc;
}

static void compare(void *arg, size_t item, const bson_t *stored)
{
    struct cas_group *g = arg;
    if (bson_equal(stored, g->item[item]->doc))
        g->item[item]->lost = false;
}

/* `modified` says how many lost, the documents say which: who finds his own bytes has won. */
static int find_losers(mongoc_collection_t *c, struct cas_group *g, struct err *e)
{
    struct mongo_lookup *l = mongo_lookup_new();
    for (size_t i = 0; i < g->count; i++) {
        bson_iter_t iter;
        mongo_lookup_add(l, id_of(g->item[i]->doc, &iter));
        g->item[i]->lost = true;
    }
    int rc = mongo_lookup_run(l, c, NULL, compare, g, e);
    mongo_lookup_free(l);
    return rc;
}

static int insert_group(mongoc_collection_t *c, struct cas_group *g, struct err *e)
{
    int rc = write_group(c, NULL, g, NULL, e);
    size_t taken = 0;
    for (size_t i = 0; i < g->count && rc == 0; i++)
        if (g->outcome[i].error == ERR_EXISTS)
            g->item[taken++] = g->item[i]; /* from here on the group is those that lost */
    g->count = rc == 0 ? taken : g->count;
    return rc == 0 && taken ? find_losers(c, g, e) : rc;
}

static int replace_group(mongoc_collection_t *c, const char *guard, struct cas_group *g,
                         struct err *e)
{
    int64_t modified = 0;
    int rc = write_group(c, guard, g, &modified, e);
    return rc == 0 && modified != (int64_t)g->count ? find_losers(c, g, e) : rc;
}

int mongo_cas_write(mongoc_collection_t *c, const char *guard, struct mongo_cas *items,
                    size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        items[i].lost = false;
    struct cas_group inserts = group_of(items, count, true);
    struct cas_group replaces = group_of(items, count, false);
    int rc = insert_group(c, &inserts, e);
    if (rc == 0)
        rc = replace_group(c, guard, &replaces, e);
    group_free(&replaces);
    group_free(&inserts);
    return rc;
}
