/* The keys file on disk: replaced whole, by one at a time, with its owner and mode. */
#include "common/auth/key_disk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

static char folder[32], path[64], link_path[64];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/weir-keys-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys.json", folder);
    snprintf(link_path, sizeof link_path, "%s/link.json", folder);
}

/* Nothing may be left in the folder but what the tests know. */
static void stop(void)
{
    unlink(path);
    unlink(link_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int add(void *arg, struct key_file *f, struct err *e)
{
    const struct test_key *from = arg;
    struct key_record k;
    key_record_init(&k);
    snprintf(k.id, sizeof k.id, "%s", from->id);
    hash_sha256(from->text, API_KEY_LEN, k.sha256);
    k.scopes = SCOPE_READ;
    return key_file_add(f, &k, e);
}

static int refuse(void *arg, struct key_file *f, struct err *e)
{
    (void)arg, (void)f;
    return err_set(e, ERR_NOT_FOUND, "no");
}

static size_t keys_in_file(void)
{
    struct buf text = {0};
    struct key_stamp stamp;
    struct key_file f;
    struct err e = {0};
    ck_assert_msg(key_disk_read(path, &text, &stamp, &e) == 0, "%s", e.message);
    ck_assert_msg(key_file_parse(&f, buf_view(&text), &e) == 0, "%s", e.message);
    size_t keys = f.keys;
    key_file_deinit(&f);
    buf_deinit(&text);
    return keys;
}

static mode_t mode_of_file(void)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 0777;
}

START_TEST(a_new_file_is_for_its_owner_alone)
{
    struct test_key k = test_key(1);
    struct err e = {0};
    ck_assert_int_eq(key_disk_edit(path, false, add, &k, &e), ERR_NOT_FOUND);
    ck_assert_int_ne(access(path, F_OK), 0);
    err_clear(&e);
    umask(0);
    ck_assert_msg(key_disk_edit(path, true, add, &k, &e) == 0, "%s", e.message);
    ck_assert_uint_eq(mode_of_file(), 0600);
    ck_assert_uint_eq(keys_in_file(), 1);
}
END_TEST

START_TEST(owner_and_mode_stay_but_not_for_everybody)
{
    struct test_key k[2] = {test_key(1), test_key(2)};
    struct stat st;
    ck_assert_int_eq(key_disk_edit(path, true, add, &k[0], NULL), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
    bool root = geteuid() == 0;
    if (root)
        ck_assert_int_eq(chown(path, 4711, 4712), 0);
    ck_assert_int_eq(key_disk_edit(path, false, add, &k[1], NULL), 0);
    ck_assert_uint_eq(mode_of_file(), 0640);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_uid, root ? 4711 : geteuid());
    ck_assert_uint_eq(st.st_gid, root ? 4712 : getegid());
}
END_TEST

START_TEST(a_link_stays_a_link)
{
    struct test_key k[2] = {test_key(1), test_key(2)};
    struct stat st;
    ck_assert_int_eq(key_disk_edit(path, true, add, &k[0], NULL), 0);
    ck_assert_int_eq(symlink("keys.json", link_path), 0);
    ck_assert_int_eq(key_disk_edit(link_path, true, add, &k[1], NULL), 0);
    ck_assert_int_eq(lstat(link_path, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_uint_eq(keys_in_file(), 2);
}
END_TEST

START_TEST(what_fails_changes_nothing)
{
    struct test_key k = test_key(1);
    struct err e = {0};
    ck_assert_int_eq(key_disk_edit(path, true, add, &k, NULL), 0);
    struct key_stamp before = key_disk_stamp(path), after;
    ck_assert_int_eq(key_disk_edit(path, true, refuse, NULL, &e), ERR_NOT_FOUND);
    ck_assert_int_eq(key_disk_edit(path, true, add, &k, NULL), ERR_EXISTS);
    after = key_disk_stamp(path);
    ck_assert(key_stamp_same(&before, &after));
    test_write(path, span_str("not JSON"));
    err_clear(&e);
    ck_assert_int_eq(key_disk_edit(path, true, add, &k, &e), ERR_SYNTAX);
    ck_assert(strstr(e.message, path) && strstr(e.message, "line 1"));
    ck_assert_int_eq(key_disk_edit("/nowhere/keys.json", true, add, &k, NULL), ERR_NOT_FOUND);
}
END_TEST

enum { WRITERS = 4, KEYS_EACH = 25 };

static void *write_some(void *arg)
{
    uint8_t first = *(const uint8_t *)arg;
    struct err e = {0};
    for (uint8_t i = 0; i < KEYS_EACH; i++) {
        struct test_key k = test_key((uint8_t)(first + i));
        if (key_disk_edit(path, true, add, &k, &e) != 0)
            return NULL;
    }
    return arg;
}

START_TEST(two_at_once_lose_nothing)
{
    pthread_t thread[WRITERS];
    uint8_t first[WRITERS];
    for (uint8_t i = 0; i < WRITERS; i++) {
        first[i] = (uint8_t)(i * KEYS_EACH);
        ck_assert_int_eq(pthread_create(&thread[i], NULL, write_some, &first[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *good;
        ck_assert_int_eq(pthread_join(thread[i], &good), 0);
        ck_assert_ptr_nonnull(good);
    }
    ck_assert_uint_eq(keys_in_file(), WRITERS * KEYS_EACH);
}
END_TEST

START_TEST(what_is_no_file_is_not_waited_for)
{
    struct buf text = {0};
    struct key_stamp stamp;
    struct err e = {0};
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(key_disk_read(path, &text, &stamp, &e), ERR_IO);
    ck_assert(strstr(e.message, "not a regular file"));
    buf_deinit(&text);
}
END_TEST

UNIT_CASE(key_disk)
{
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_new_file_is_for_its_owner_alone);
    tcase_add_test(tc, owner_and_mode_stay_but_not_for_everybody);
    tcase_add_test(tc, a_link_stays_a_link);
    tcase_add_test(tc, what_fails_changes_nothing);
    tcase_add_test(tc, two_at_once_lose_nothing);
    tcase_add_test(tc, what_is_no_file_is_not_waited_for);
}
