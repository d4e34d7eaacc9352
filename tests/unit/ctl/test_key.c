/* weirctl key: keys are made, listed and revoked in a file. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auth/api_key.h"
#include "common/auth/key_store.h"
#include "common/base/timestamp.h"
#include "tests/unit/ctl/called.h"
#include "tests/unit/unit.h"

static char folder[32], file[64];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/weirctl-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/keys.json", folder);
    unsetenv("API_KEYS_FILE");
}

static void stop(void)
{
    unlink(file);
    ck_assert_int_eq(rmdir(folder), 0); /* no temporary file was left */
}

/* The printed key, without its newline; its id is behind "wk_". */
static void must_create(char key[API_KEY_LEN + 1], const char *const *words)
{
    struct called c = called(words);
    ck_assert_msg(c.status == CTL_OK, "%s", c.err);
    ck_assert_uint_eq(strlen(c.out), API_KEY_LEN + 1); /* nothing else is there */
    ck_assert_int_eq(c.out[API_KEY_LEN], '\n');
    memcpy(key, c.out, API_KEY_LEN);
    key[API_KEY_LEN] = '\0';
    ck_assert(api_key_well_formed(span_str(key)));
    ck_assert_msg(!strstr(c.err, key), "the key is on standard error too");
    called_free(&c);
}

#define MUST_CREATE(key, ...)                                                            \
    must_create((key), (const char *const[]){"weirctl", "key", "create", "--file", file, \
                                             __VA_ARGS__, NULL})

/* keys[index] of the file, borrowed until the next call. */
static json_t *key_at(size_t index)
{
    static json_t *root;
    json_decref(root);
    json_error_t e;
    root = json_load_file(file, 0, &e);
    ck_assert_ptr_nonnull(root);
    return json_array_get(json_object_get(root, "keys"), index);
}

static const char *text_of(json_t *key, const char *member)
{
    return json_string_value(json_object_get(key, member));
}

START_TEST(a_new_key_is_good_for_the_daemons)
{
    char key[API_KEY_LEN + 1];
    struct key_store *store;
    struct key_reader reader;
    struct err e = {0};
    MUST_CREATE(key, "--scopes", "ingest,read", "--devices", "dev-1*,x", "--devices=y", "--note",
                "greenhouse 4");
    ck_assert_msg(key_store_new(&store, NULL, file, &e) == 0, "%s", e.message);
    key_reader_init(&reader, store);
    const struct key_record *k = key_table_find(key_reader_table(&reader), span_str(key));
    ck_assert_ptr_nonnull(k);
    ck_assert_uint_eq(k->scopes, SCOPE_INGEST | SCOPE_READ);
    ck_assert_uint_eq(k->devices, 3);
    ck_assert_str_eq(k->device[2], "y");
    ck_assert_str_eq(k->note, "greenhouse 4");
    ck_assert_int_eq(k->expires_at_ms, KEY_NEVER);
    key_reader_deinit(&reader);
    key_store_free(store);
}
END_TEST

START_TEST(the_file_holds_no_secret)
{
    char key[API_KEY_LEN + 1], text[2048] = "";
    struct stat st;
    MUST_CREATE(key, "--scopes", "admin");
    FILE *f = fopen(file, "re");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
    (void)fclose(f);
    key[20] = '\0';
    ck_assert_ptr_null(strstr(text, key + 12)); /* eight characters of the secret */
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

static int64_t time_of(size_t index, const char *member)
{
    int64_t ms;
    const char *text = text_of(key_at(index), member);
    ck_assert_msg(text && timestamp_parse(span_str(text), &ms), "%s: %s", member, text);
    return ms;
}

START_TEST(times_are_from_now_or_moments)
{
    static const int64_t day_ms = 86400000;
    char key[API_KEY_LEN + 1];
    MUST_CREATE(key, "--scopes", "read", "--expires", "90d", "--not-before", "1d12h");
    int64_t created = time_of(0, "created_at");
    ck_assert_int_eq(time_of(0, "expires_at") - created, 90 * day_ms);
    ck_assert_int_eq(time_of(0, "not_before") - created, day_ms + day_ms / 2);
    MUST_CREATE(key, "--scopes", "read", "--expires", "2999-01-31T00:00:00Z");
    ck_assert_str_eq(text_of(key_at(1), "expires_at"), "2999-01-31T00:00:00.000Z");
    MUST_CREATE(key, "--scopes", "read", "--expires", "never");
    ck_assert_ptr_null(json_object_get(key_at(2), "expires_at"));
}
END_TEST

START_TEST(what_makes_no_key)
{
    char *name = file;
    char note[300];
    memset(note, 'n', sizeof note);
    note[sizeof note - 1] = '\0';
    MUST_SAY(CTL_USAGE, "--scopes: \"write\" is none of ingest, read, admin", "key", "create",
             "--file", name, "--scopes", "read,write");
    MUST_SAY(CTL_USAGE, "--scopes: \"\"", "key", "create", "--file", name, "--scopes", "");
    MUST_SAY(CTL_USAGE, "--devices: \"\"", "key", "create", "--file", name, "--scopes", "read",
             "--devices", "a,,b");
    MUST_SAY(CTL_USAGE, "--expires: \"soon\" is neither", "key", "create", "--file", name,
             "--scopes", "read", "--expires", "soon");
    MUST_SAY(CTL_USAGE, "is over already", "key", "create", "--file", name, "--scopes", "read",
             "--expires", "2020-01-01T00:00:00Z");
    MUST_SAY(CTL_USAGE, "must be later than --not-before", "key", "create", "--file", name,
             "--scopes", "read", "--expires", "1d", "--not-before", "2d");
    MUST_SAY(CTL_USAGE, "--note must be a text of at most 256", "key", "create", "--file", name,
             "--scopes", "read", "--note", note);
    MUST_SAY(CTL_FAILED, "/nowhere/k", "key", "create", "--file", "/nowhere/k", "--scopes", "read");
    ck_assert_int_ne(access(file, F_OK), 0);
}
END_TEST

START_TEST(a_list_shows_all_but_the_secrets)
{
    char key[API_KEY_LEN + 1], other[API_KEY_LEN + 1];
    MUST_CREATE(key, "--scopes", "ingest", "--devices", "dev-1*", "--note", "first");
    MUST_CREATE(other, "--scopes", "read,admin");
    struct called c = CALL("key", "list", "--file", file);
    ck_assert_int_eq(c.status, CTL_OK);
    ck_assert(strstr(c.out, "ID") && strstr(c.out, "dev-1*") && strstr(c.out, "first"));
    ck_assert(strstr(c.out, "read,admin"));
    called_free(&c);
    c = CALL("key", "list", "--file", file, "--json");
    json_t *list = json_loads(c.out, 0, NULL);
    ck_assert_uint_eq(json_array_size(list), 2);
    ck_assert_str_eq(text_of(json_array_get(list, 0), "state"), "active");
    ck_assert_int_eq(strncmp(text_of(json_array_get(list, 0), "id"), key + 3, 8), 0);
    json_decref(list);
    called_free(&c);
    ck_assert_int_eq(setenv("API_KEYS_FILE", file, 1), 0);
    MUST_SAY(CTL_OK, "first", "key", "list");
    MUST_SAY(CTL_FAILED, "/nowhere/k: cannot open", "key", "list", "--file", "/nowhere/k");
}
END_TEST

START_TEST(what_is_revoked_stays_so)
{
    char key[API_KEY_LEN + 1], other[API_KEY_LEN + 1], id[9], other_id[9], near[9];
    MUST_CREATE(key, "--scopes", "read");
    MUST_CREATE(other, "--scopes", "read");
    snprintf(id, sizeof id, "%.8s", key + 3);
    snprintf(other_id, sizeof other_id, "%.8s", other + 3);
    MUST_SAY(CTL_OK, "is revoked", "key", "revoke", id, "--file", file);
    MUST_SAY(CTL_OK, "revoked", "key", "list", "--file", file);
    char first[40];
    snprintf(first, sizeof first, "%s", text_of(key_at(0), "revoked_at"));
    MUST_SAY(CTL_OK, "is revoked", "key", "revoke", id, "--file", file);
    ck_assert_str_eq(text_of(key_at(0), "revoked_at"), first);
    snprintf(near, sizeof near, "%.8s", id);
    near[3] = near[3] == '0' ? '1' : '0';
    MUST_SAY(CTL_FAILED, "did you mean", "key", "revoke", other_id, near, "--file", file);
    ck_assert_ptr_null(json_object_get(key_at(1), "revoked_at")); /* all or none */
    MUST_SAY(CTL_FAILED, "cannot open", "key", "revoke", "x", "--file", "/nowhere/k");
}
END_TEST

START_TEST(a_broken_file_is_left_alone)
{
    FILE *f = fopen(file, "we");
    ck_assert_int_ge(fputs("{\"version\":1}", f), 0);
    (void)fclose(f);
    MUST_SAY(CTL_FAILED, "keys: is missing", "key", "create", "--file", file, "--scopes", "read");
    MUST_SAY(CTL_FAILED, "keys: is missing", "key", "list", "--file", file);
    struct stat st;
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(st.st_size, 13);
}
END_TEST

UNIT_CASE(key)
{
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_new_key_is_good_for_the_daemons);
    tcase_add_test(tc, the_file_holds_no_secret);
    tcase_add_test(tc, times_are_from_now_or_moments);
    tcase_add_test(tc, what_makes_no_key);
    tcase_add_test(tc, a_list_shows_all_but_the_secrets);
    tcase_add_test(tc, what_is_revoked_stays_so);
    tcase_add_test(tc, a_broken_file_is_left_alone);
}
