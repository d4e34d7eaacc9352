/* The keys of a process: one table at a time, replaced as a whole when the file changes. */
#include "common/auth/key_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/auth/key_disk.h"
#include "common/base/xmalloc.h"

/* Two writes within one tick of the file system's clock leave the same stamp: a file this young is
 * read again. */
enum { SETTLED_MS = 2000 };

struct key_store {
    char *api_key, *path; /* owned; NULL = not set */
    pthread_mutex_t lock; /* guards `table`, for the moment of taking a reference, and `problem` */
    struct key_table *table;
    struct err problem;
    atomic_uint version; /* counts the tables */
    /* Of the thread that reloads: */
    struct key_stamp stamp;
    bool settled;
    uint8_t contents[SHA256_BYTES]; /* of what was read last, good or not */
};

/* --- making a table --------------------------------------------------------------------------- */

static void add_api_key(struct key_file *f, const char *api_key)
{
    struct key_record k;
    key_record_init(&k);
    snprintf(k.id, sizeof k.id, "API_KEY"); /* capitals: no key of a file has this id */
    k.scopes = SCOPE_ALL;
    hash_sha256(api_key, strlen(api_key), k.sha256);
    for (size_t i = 0; i < f->keys; i++)
        if (memcmp(f->key[i].sha256, k.sha256, SHA256_BYTES) == 0)
            return; /* what the file says of it is narrower, or that it is revoked */
    f->key = xreallocarray(f->key, f->keys + 1, sizeof f->key[0]);
    f->key[f->keys++] = k;
}

static void publish(struct key_store *s, struct key_file *f)
{
    if (s->api_key)
        add_api_key(f, s->api_key);
    struct key_table *table = key_table_new(f);
    pthread_mutex_lock(&s->lock);
    struct key_table *before = s->table;
    s->table = table;
    atomic_fetch_add_explicit(&s->version, 1, memory_order_release);
    pthread_mutex_unlock(&s->lock);
    key_table_unref(before);
}

/* --- reading the file ------------------------------------------------------------------------- */

static int parse(const char *path, struct span text, struct key_file *f, struct err *e)
{
    struct err why = {0};
    int rc = key_file_parse(f, text, &why);
    return rc == 0 ? 0 : err_set(e, rc, "%s: %s", path, why.message);
}

int key_store_check_file(const char *path, struct err *e)
{
    struct key_file f = {0};
    struct key_stamp stamp;
    struct buf text = {0};
    int rc = key_disk_read(path, &text, &stamp, e);
    if (rc == 0)
        rc = parse(path, buf_view(&text), &f, e);
    key_file_deinit(&f);
    buf_deinit(&text);
    return rc;
}

static bool is_settled(const struct key_stamp *stamp, int64_t now_ms)
{
    return now_ms - stamp->modified_ns / 1000000 > SETTLED_MS;
}

/* Whether these bytes are others than last time; they are those of last time from now on. */
static bool remember(struct key_store *s, struct span text)
{
    uint8_t now[SHA256_BYTES];
    hash_sha256(text.p, text.len, now);
    bool other = memcmp(now, s->contents, sizeof now) != 0;
    memcpy(s->contents, now, sizeof now);
    return other;
}

static enum key_reload take(struct key_store *s, struct span text, struct err *e)
{
    struct key_file f = {0};
    enum key_reload outcome = KEY_RELOAD_KEPT;
    if (parse(s->path, text, &f, e) == 0) {
        publish(s, &f);
        outcome = KEY_RELOAD_TAKEN;
    }
    key_file_deinit(&f);
    return outcome;
}

static enum key_reload reread(struct key_store *s, bool force, int64_t now_ms, struct err *e)
{
    struct buf text = {0};
    enum key_reload outcome = KEY_RELOAD_SAME;
    if (key_disk_read(s->path, &text, &s->stamp, e) != 0) {
        memset(s->contents, 0, sizeof s->contents); /* whatever comes back is news */
        bool told = !force && strcmp(e->message, s->problem.message) == 0;
        outcome = told ? KEY_RELOAD_SAME : KEY_RELOAD_KEPT;
    } else if (remember(s, buf_view(&text)) || force) {
        outcome = take(s, buf_view(&text), e);
    }
    s->settled = is_settled(&s->stamp, now_ms);
    buf_deinit(&text);
    return outcome;
}

enum key_reload key_store_reload(struct key_store *s, bool force, int64_t now_ms, struct err *e)
{
    if (!s->path)
        return KEY_RELOAD_SAME;
    struct key_stamp now = key_disk_stamp(s->path);
    if (!force && s->settled && key_stamp_same(&now, &s->stamp))
        return KEY_RELOAD_SAME;
    struct err why = {0};
    enum key_reload outcome = reread(s, force, now_ms, &why);
    if (outcome == KEY_RELOAD_SAME)
        return outcome;
    pthread_mutex_lock(&s->lock);
    s->problem = why;
    pthread_mutex_unlock(&s->lock);
    if (outcome == KEY_RELOAD_KEPT)
        err_set(e, why.code, "%s", why.message);
    return outcome;
}

/* --- life ------------------------------------------------------------------------------------- */

int key_store_new(struct key_store **out, const char *api_key, const char *path, struct err *e)
{
    struct key_store *s = xcalloc(1, sizeof *s);
    s->api_key = api_key ? xstrdup(api_key) : NULL;
    s->path = path ? xstrdup(path) : NULL;
    pthread_mutex_init(&s->lock, NULL);
    atomic_init(&s->version, 0);
    if (path && key_store_reload(s, true, 0, e) != KEY_RELOAD_TAKEN) {
        key_store_free(s);
        return ERR_INVALID;
    }
    if (api_key && !path)
        publish(s, &(struct key_file){0});
    *out = s;
    return 0;
}

void key_store_free(struct key_store *s)
{
    if (!s)
        return;
    key_table_unref(s->table);
    pthread_mutex_destroy(&s->lock);
    free(s->api_key);
    free(s->path);
    free(s);
}

bool key_store_is_on(const struct key_store *s)
{
    return s->api_key || s->path;
}

void key_store_problem(struct key_store *s, char out[ERR_MESSAGE_MAX])
{
    pthread_mutex_lock(&s->lock);
    memcpy(out, s->problem.message, ERR_MESSAGE_MAX);
    pthread_mutex_unlock(&s->lock);
}

void key_store_count(struct key_store *s, int64_t now_ms, unsigned count[KEY_STATES])
{
    struct key_reader r;
    memset(count, 0, KEY_STATES * sizeof count[0]);
    key_reader_init(&r, s);
    if (r.table)
        key_table_count(r.table, now_ms, count);
    key_reader_deinit(&r);
}

/* --- readers ---------------------------------------------------------------------------------- */

static void take_newest(struct key_reader *r)
{
    struct key_table *before = r->table;
    pthread_mutex_lock(&r->store->lock);
    r->table = r->store->table ? key_table_ref(r->store->table) : NULL;
    r->version = atomic_load_explicit(&r->store->version, memory_order_relaxed);
    pthread_mutex_unlock(&r->store->lock);
    key_table_unref(before);
}

void key_reader_init(struct key_reader *r, struct key_store *s)
{
    *r = (struct key_reader){.store = s};
    take_newest(r);
}

void key_reader_deinit(struct key_reader *r)
{
    key_table_unref(r->table);
    *r = (struct key_reader){0};
}

const struct key_table *key_reader_table(struct key_reader *r)
{
    if (atomic_load_explicit(&r->store->version, memory_order_acquire) != r->version)
        take_newest(r);
    return r->table;
}
