/* A hash map from byte strings to pointers: uthash, with a seeded XXH3 for the hash. */
#include "common/base/map.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

struct entry {
    UT_hash_handle hh;
    void *value; /* borrowed */
    size_t key_len;
    char key[];
};

struct map {
    struct entry *first; /* owned; NULL when empty */
    uint64_t seed;
};

struct map *map_new(uint64_t seed)
{
    struct map *m = xcalloc(1, sizeof *m);
    m->seed = seed;
    return m;
}

void map_free(struct map *m, void (*free_value)(void *value))
{
    if (!m) {
        return;
    }
    struct entry *e = m->first;
    HASH_CLEAR(hh, m->first); /* frees the table only; the entries stay linked */
    while (e) {
        struct entry *next = e->hh.next;
        if (free_value) {
            free_value(e->value);
        }
        free(e);
        e = next;
    }
    free(m);
}

static unsigned hash_key(const struct map *m, struct span key)
{
    return (unsigned)hash_table(key, m->seed);
}

static struct entry *find(const struct map *m, struct span key, unsigned hash)
{
    struct entry *e = NULL;
    const char *p = key.p ? key.p : ""; /* memcmp takes no NULL, not even for nothing */
    HASH_FIND_BYHASHVALUE(hh, m->first, p, key.len, hash, e);
    return e;
}

void *map_get(const struct map *m, struct span key)
{
    const struct entry *e = find(m, key, hash_key(m, key));
    return e ? e->value : NULL;
}

static struct entry *entry_new(struct span key, void *value)
{
    struct entry *e = xcalloc(1, sizeof *e + key.len);
    e->value = value;
    e->key_len = key.len;
    if (key.len > 0) {
        memcpy(e->key, key.p, key.len);
    }
    return e;
}

void *map_put(struct map *m, struct span key, void *value)
{
    unsigned hash = hash_key(m, key);
    struct entry *e = find(m, key, hash);
    if (e) {
        void *before = e->value;
        e->value = value;
        return before;
    }
    e = entry_new(key, value);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, m->first, e->key, e->key_len, hash, e);
    return NULL;
}

void *map_remove(struct map *m, struct span key)
{
    struct entry *e = find(m, key, hash_key(m, key));
    if (!e) {
        return NULL;
    }
    void *value = e->value;
    HASH_DELETE(hh, m->first, e);
    free(e);
    return value;
}

size_t map_count(const struct map *m)
{
    return HASH_COUNT(m->first);
}

void map_each(struct map *m, bool (*visit)(void *arg, struct span key, void *value), void *arg)
{
    struct entry *e = m->first;
    while (e) {
        struct entry *next = e->hh.next; /* the visitor may remove `e` */
        if (!visit(arg, span_of(e->key, e->key_len), e->value)) {
            return;
        }
        e = next;
    }
}
