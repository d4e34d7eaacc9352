/* An immutable table of keys, searched by the hash of the key's text. */
#include "common/auth/key_table.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "common/base/xmalloc.h"

struct entry {
    uint64_t tag; /* of the hash, under the seed */
    const struct key_record *key;
};

/* Sorted by tag. The seed is a secret of the process, so the time that the search for a tag takes
 * tells nothing about the hashes that are stored. */
struct key_table {
    atomic_uint references;
    struct key_file file;
    uint64_t seed;
    struct entry *entry;
};

static const struct key_record nobody; /* what is compared when there is nothing to compare with */

static uint64_t tag_of(const uint8_t sha256[SHA256_BYTES], uint64_t seed)
{
    return hash_table(span_of((const char *)sha256, SHA256_BYTES), seed);
}

static int by_tag(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

/* False when two keys have the same tag. */
static bool fill(struct key_table *t)
{
    t->seed = random_seed();
    for (size_t i = 0; i < t->file.keys; i++)
        t->entry[i] = (struct entry){tag_of(t->file.key[i].sha256, t->seed), &t->file.key[i]};
    qsort(t->entry, t->file.keys, sizeof t->entry[0], by_tag);
    bool distinct = true;
    for (size_t i = 1; i < t->file.keys; i++)
        distinct = distinct && t->entry[i - 1].tag != t->entry[i].tag;
    return distinct;
}

struct key_table *key_table_new(struct key_file *f)
{
    struct key_table *t = xcalloc(1, sizeof *t);
    atomic_init(&t->references, 1);
    t->file = *f;
    *f = (struct key_file){0};
    t->entry = xcalloc(t->file.keys, sizeof t->entry[0]);
    while (!fill(t)) /* once in 10^11 tables of 10,000 keys */
        ;
    return t;
}

struct key_table *key_table_ref(struct key_table *t)
{
    atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
    return t;
}

void key_table_unref(struct key_table *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) > 1)
        return;
    key_file_deinit(&t->file);
    free(t->entry);
    free(t);
}

/* The key with this tag, or nobody. As many steps for one as for the other. */
static const struct key_record *search(const struct key_table *t, uint64_t tag)
{
    size_t low = 0, count = t->file.keys;
    while (count > 1) {
        size_t half = count / 2;
        low = t->entry[low + half].tag <= tag ? low + half : low;
        count -= half;
    }
    return count == 1 && t->entry[low].tag == tag ? t->entry[low].key : &nobody;
}

const struct key_record *key_table_find(const struct key_table *t, struct span text)
{
    bool possible = text.len > 0 && text.len <= API_KEY_TEXT_MAX;
    uint8_t sha256[SHA256_BYTES];
    hash_sha256(text.p, possible ? text.len : 0, sha256);
    const struct key_record *k = search(t, tag_of(sha256, t->seed));
    bool same = CRYPTO_memcmp(k->sha256, sha256, SHA256_BYTES) == 0;
    return same && possible && k != &nobody ? k : NULL;
}

void key_table_count(const struct key_table *t, int64_t now_ms, unsigned count[KEY_STATES])
{
    memset(count, 0, KEY_STATES * sizeof count[0]);
    for (size_t i = 0; i < t->file.keys; i++)
        count[key_record_state(&t->file.key[i], now_ms)]++;
}
