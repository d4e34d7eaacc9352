/* The keys file as a document: what a valid one is, and the list of its keys. */
#include "common/auth/key_file.h"

#include <stdlib.h>

#include "common/auth/key_member.h"
#include "common/base/json.h"
#include "common/base/xmalloc.h"

/* --- before jansson --------------------------------------------------------------------------- */

static int syntax_error(const struct json_reader *r, struct err *e)
{
    unsigned line = 1, column = 1;
    for (const char *p = r->start; p < r->at; p++, column++)
        if (*p == '\n') {
            line++;
            column = 0;
        }
    return err_set(e, ERR_SYNTAX, "line %u, column %u: %s", line, column, r->error);
}

/* jansson takes 80 bytes of memory for each byte of "{}": what it will be given is counted. */
static int check_size(struct span json, struct err *e)
{
    if (json.len > KEY_FILE_BYTES_MAX)
        return err_set(e, ERR_TOO_LARGE, "the file is larger than 4MiB");
    struct json_reader r;
    json_reader_init(&r, json.p, json.len);
    enum json_token t;
    size_t objects = 0, arrays = 0;
    while ((t = json_next(&r)) > JSON_TOKEN_END) {
        objects += t == JSON_TOKEN_OBJECT_BEGIN;
        arrays += t == JSON_TOKEN_ARRAY_BEGIN;
    }
    if (t == JSON_TOKEN_ERROR)
        return syntax_error(&r, e);
    if (objects > 1 + KEY_FILE_KEYS_MAX || arrays > 1 + 2 * KEY_FILE_KEYS_MAX)
        return err_set(e, ERR_TOO_LARGE, "keys: at most %d are allowed", KEY_FILE_KEYS_MAX);
    return 0;
}

static json_t *load(struct span json, struct err *e)
{
    json_error_t why;
    json_t *root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        err_set(e, ERR_SYNTAX, "line %d, column %d: %s", why.line, why.column, why.text);
    return root;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct key_record *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

static int by_hash(const void *a, const void *b)
{
    const struct key_record *const *x = a, *const *y = b;
    return memcmp((*x)->sha256, (*y)->sha256, SHA256_BYTES);
}

static int check_unique(const struct key_file *f, const char *member,
                        int (*order)(const void *, const void *), struct err *e)
{
    const struct key_record **sorted = xcalloc(f->keys + 1, sizeof sorted[0]);
    int rc = 0;
    for (size_t i = 0; i < f->keys; i++)
        sorted[i] = &f->key[i];
    qsort(sorted, f->keys, sizeof sorted[0], order);
    for (size_t i = 1; i < f->keys && rc == 0; i++) {
        if (order(&sorted[i - 1], &sorted[i]) != 0)
            continue;
        const struct key_record *a = sorted[i - 1], *b = sorted[i];
        rc =
            err_set(e, ERR_INVALID, "keys[%zu].%s: is also that of keys[%zu]",
                    (size_t)((a > b ? a : b) - f->key), member, (size_t)((a > b ? b : a) - f->key));
    }
    free(sorted);
    return rc;
}

static int check_version(json_t *root, struct err *e)
{
    json_t *version = json_object_get(root, "version");
    if (!version)
        return err_set(e, ERR_INVALID, "version: is missing; it must be 1");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return err_set(e, ERR_INVALID, "version: must be 1");
    return 0;
}

static int check_root(json_t *root, struct err *e)
{
    if (!json_is_object(root))
        return err_set(e, ERR_INVALID, "must be an object with \"version\" and \"keys\"");
    const char *name;
    json_t *value;
    json_object_foreach(
        root, name, value) if (strcmp(name, "version") != 0 &&
                               strcmp(name, "keys") !=
                                   0) return err_set(e, ERR_INVALID,
                                                     "%.40s: is unknown; allowed are version, keys",
                                                     name);
    if (!json_object_get(root, "keys"))
        return err_set(e, ERR_INVALID, "keys: is missing; it must be an array");
    return check_version(root, e);
}

static int read_keys(struct key_file *f, json_t *keys, struct err *e)
{
    if (!json_is_array(keys))
        return err_set(e, ERR_INVALID, "keys: must be an array");
    size_t count = json_array_size(keys);
    if (count > KEY_FILE_KEYS_MAX)
        return err_set(e, ERR_TOO_LARGE, "keys: at most %d are allowed", KEY_FILE_KEYS_MAX);
    f->key = xcalloc(count, sizeof f->key[0]);
    int rc = 0;
    while (f->keys < count && rc == 0) {
        size_t i = f->keys++;
        key_record_init(&f->key[i]);
        rc = key_members_read(&f->key[i], json_array_get(keys, i), i, e);
    }
    return rc;
}

int key_file_parse(struct key_file *f, struct span json, struct err *e)
{
    *f = (struct key_file){0};
    int rc = check_size(json, e);
    if (rc != 0)
        return rc;
    json_t *root = load(json, e);
    if (!root)
        return ERR_SYNTAX;
    rc = check_root(root, e);
    if (rc == 0)
        rc = read_keys(f, json_object_get(root, "keys"), e);
    if (rc == 0)
        rc = check_unique(f, "id", by_id, e);
    if (rc == 0)
        rc = check_unique(f, "sha256", by_hash, e);
    json_decref(root);
    return rc;
}

void key_file_deinit(struct key_file *f)
{
    for (size_t i = 0; i < f->keys; i++)
        key_record_deinit(&f->key[i]);
    free(f->key);
    *f = (struct key_file){0};
}

void key_file_write(const struct key_file *f, struct buf *out)
{
    buf_str(out, "{\"version\":1,\"keys\":[");
    for (size_t i = 0; i < f->keys; i++) {
        buf_str(out, i > 0 ? ",\n" : "\n");
        key_record_write(&f->key[i], out);
    }
    buf_str(out, "\n]}\n");
}

struct key_record *key_file_find(const struct key_file *f, struct span id)
{
    for (size_t i = 0; i < f->keys; i++)
        if (span_is(id, f->key[i].id))
            return &f->key[i];
    return NULL;
}

int key_file_add(struct key_file *f, struct key_record *k, struct err *e)
{
    if (f->keys >= KEY_FILE_KEYS_MAX)
        return err_set(e, ERR_TOO_LARGE, "it holds %d keys already, and more are not allowed",
                       KEY_FILE_KEYS_MAX);
    if (key_file_find(f, span_str(k->id)))
        return err_set(e, ERR_EXISTS, "there is a key %s already", k->id);
    f->key = xreallocarray(f->key, f->keys + 1, sizeof f->key[0]);
    f->key[f->keys++] = *k;
    key_record_init(k);
    return 0;
}
