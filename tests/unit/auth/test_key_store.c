/* The keys of a process: what a changed, broken or missing file does, and readers meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auth/key_store.h"
#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

static char path[64];
static struct test_key a, b;
static const int64_t now_ms = INT64_C(4102444800000); /* long after any file was written */

static void start(void)
{
    a = test_key(1);
    b = test_key(2);
    snprintf(path, sizeof path, "/tmp/weir-keys-%d.json", (int)getpid());
}

static void stop(void)
{
    unlink(path);
}

static void write_keys(const struct test_key *keys, size_t count)
{
    struct buf text = {0};
    test_file_json(keys, count, "", &text);
    test_write(path, buf_view(&text));
    buf_deinit(&text);
}

static struct key_store *must_open(const char *api_key, const char *file)
{
    struct key_store *s = NULL;
    struct err e = {0};
    ck_assert_msg(key_store_new(&s, api_key, file, &e) == 0, "%s", e.message);
    return s;
}

static bool knows(struct key_reader *r, const char *text)
{
    return key_table_find(key_reader_table(r), span_str(text)) != NULL;
}

static void must_reload(struct key_store *s, enum key_reload expected, const char *message)
{
    struct err e = {0};
    char problem[ERR_MESSAGE_MAX];
    ck_assert_int_eq(key_store_reload(s, false, now_ms, &e), expected);
    ck_assert_msg(strstr(e.message, message), "%s, expected %s", e.message, message);
    key_store_problem(s, problem);
    if (expected != KEY_RELOAD_SAME)
        ck_assert_str_eq(problem, e.message);
}

START_TEST(without_keys_authentication_is_off)
{
    struct key_store *s = must_open(NULL, NULL);
    struct key_reader r;
    unsigned count[KEY_STATES];
    key_reader_init(&r, s);
    ck_assert(!key_store_is_on(s));
    ck_assert_ptr_null(key_reader_table(&r));
    key_store_count(s, now_ms, count);
    ck_assert_uint_eq(count[KEY_ACTIVE], 0);
    must_reload(s, KEY_RELOAD_SAME, "");
    key_reader_deinit(&r);
    key_store_free(s);
    key_store_free(NULL);
}
END_TEST

START_TEST(api_key_has_all_scopes)
{
    struct key_store *s = must_open("sixteen-letters-", NULL);
    struct key_reader r;
    key_reader_init(&r, s);
    const struct key_record *k = key_table_find(key_reader_table(&r), span_str("sixteen-letters-"));
    ck_assert_ptr_nonnull(k);
    ck_assert_uint_eq(k->scopes, SCOPE_ALL);
    ck_assert_int_eq(key_record_state(k, now_ms), KEY_ACTIVE);
    ck_assert(key_record_allows(k, span_str("any")));
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

START_TEST(both_sources_are_good_at_once)
{
    write_keys(&a, 1);
    struct key_store *s = must_open("sixteen-letters-", path);
    struct key_reader r;
    unsigned count[KEY_STATES];
    key_reader_init(&r, s);
    ck_assert(knows(&r, a.text) && knows(&r, "sixteen-letters-"));
    write_keys(&b, 1);
    must_reload(s, KEY_RELOAD_TAKEN, "");
    ck_assert(knows(&r, b.text) && knows(&r, "sixteen-letters-") && !knows(&r, a.text));
    key_store_count(s, now_ms, count);
    ck_assert_uint_eq(count[KEY_ACTIVE], 2);
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

/* What the file says of a key is narrower than "all scopes", or that it is revoked. */
START_TEST(the_file_wins_over_api_key)
{
    write_keys(&a, 1);
    struct key_store *s = must_open(a.text, path);
    struct key_reader r;
    key_reader_init(&r, s);
    ck_assert_uint_eq(key_table_find(key_reader_table(&r), span_str(a.text))->scopes, SCOPE_INGEST);
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

START_TEST(a_file_that_cannot_be_used_is_no_start)
{
    struct key_store *s = NULL;
    struct err e = {0};
    ck_assert_int_ne(key_store_new(&s, NULL, path, &e), 0);
    ck_assert(strstr(e.message, path) && strstr(e.message, "No such file"));
    err_clear(&e);
    ck_assert_int_eq(key_store_check_file(path, &e), ERR_NOT_FOUND);
    test_write(path, span_str("{\"version\":1}"));
    err_clear(&e);
    ck_assert_int_ne(key_store_new(&s, NULL, path, &e), 0);
    ck_assert(strstr(e.message, path) && strstr(e.message, "keys: is missing"));
    err_clear(&e);
    ck_assert_int_eq(key_store_check_file("/tmp", &e), ERR_IO);
    ck_assert(strstr(e.message, "not a regular file"));
    write_keys(&a, 1);
    ck_assert_int_eq(key_store_check_file(path, NULL), 0);
}
END_TEST

START_TEST(a_changed_file_is_taken_once)
{
    write_keys(&a, 1);
    struct key_store *s = must_open(NULL, path);
    struct key_reader r;
    key_reader_init(&r, s);
    must_reload(s, KEY_RELOAD_SAME, "");
    write_keys(&b, 1);
    must_reload(s, KEY_RELOAD_TAKEN, "");
    must_reload(s, KEY_RELOAD_SAME, "");
    ck_assert(knows(&r, b.text) && !knows(&r, a.text));
    write_keys(&b, 1); /* another file with the same contents is no news */
    must_reload(s, KEY_RELOAD_SAME, "");
    struct err e = {0};
    ck_assert_int_eq(key_store_reload(s, true, now_ms, &e), KEY_RELOAD_TAKEN);
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

START_TEST(a_broken_or_missing_file_keeps_the_keys_and_is_told_once)
{
    write_keys(&a, 1);
    struct key_store *s = must_open(NULL, path);
    struct key_reader r;
    key_reader_init(&r, s);
    test_write(path, span_str("{\"version\":1,\"keys\":["));
    must_reload(s, KEY_RELOAD_KEPT, "line 1, column");
    must_reload(s, KEY_RELOAD_SAME, "");
    unlink(path);
    must_reload(s, KEY_RELOAD_KEPT, "No such file");
    must_reload(s, KEY_RELOAD_SAME, "");
    ck_assert(knows(&r, a.text));
    write_keys(&a, 1); /* the old contents are back, and the problem is over */
    must_reload(s, KEY_RELOAD_TAKEN, "");
    ck_assert(knows(&r, a.text));
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

/* Written in place, with the same length, within one tick of the clock of the file system. */
START_TEST(a_change_that_leaves_no_trace_is_found_while_the_file_is_young)
{
    write_keys(&a, 1);
    struct key_store *s = must_open(NULL, path);
    struct key_reader r;
    struct err e = {0};
    key_reader_init(&r, s);
    struct timespec times[2];
    FILE *f = fopen(path, "r+e");
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
    times[1] = times[0];
    ck_assert_int_eq(futimens(fileno(f), times), 0);
    const int64_t then_ms = (int64_t)times[0].tv_sec * 1000 + 1;
    ck_assert_int_eq(key_store_reload(s, false, then_ms, &e), KEY_RELOAD_SAME);
    struct buf text = {0};
    test_file_json(&b, 1, "", &text);
    ck_assert_uint_eq(fwrite(text.data, 1, text.len, f), text.len);
    ck_assert_int_eq(fflush(f), 0);
    ck_assert_int_eq(futimens(fileno(f), times), 0);
    (void)fclose(f);
    buf_deinit(&text);
    ck_assert_int_eq(key_store_reload(s, false, then_ms + 1000, &e), KEY_RELOAD_TAKEN);
    ck_assert(knows(&r, b.text));
    key_reader_deinit(&r);
    key_store_free(s);
}
END_TEST

/* --- several threads -------------------------------------------------------------------------- */

struct readers {
    struct key_store *store;
    atomic_bool stop;
    atomic_ulong lookups;
};

/* Whatever the moment, one of the two keys is good, and what was found stays readable. */
static void *read_on(void *arg)
{
    struct readers *all = arg;
    struct key_reader r;
    bool good = true;
    key_reader_init(&r, all->store);
    while (!atomic_load(&all->stop)) {
        const struct key_table *t = key_reader_table(&r);
        const struct key_record *x = key_table_find(t, span_str(a.text));
        const struct key_record *y = key_table_find(t, span_str(b.text));
        good = good && (x != NULL) != (y != NULL) && strlen((x ? x : y)->id) == 8;
        atomic_fetch_add(&all->lookups, 1);
    }
    key_reader_deinit(&r);
    return good ? all : NULL;
}

START_TEST(readers_see_the_old_keys_or_the_new)
{
    enum { THREADS = 3, RELOADS = 200 };
    pthread_t thread[THREADS];
    unsigned count[KEY_STATES];
    write_keys(&a, 1);
    struct readers all = {.store = must_open(NULL, path)};
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, read_on, &all), 0);
    for (int i = 0; i < RELOADS; i++) {
        write_keys(i % 2 ? &a : &b, 1);
        must_reload(all.store, KEY_RELOAD_TAKEN, "");
        key_store_count(all.store, now_ms, count);
    }
    while (atomic_load(&all.lookups) < 100)
        sched_yield();
    atomic_store(&all.stop, true);
    for (int i = 0; i < THREADS; i++) {
        void *good;
        ck_assert_int_eq(pthread_join(thread[i], &good), 0);
        ck_assert_ptr_nonnull(good);
    }
    key_store_free(all.store);
}
END_TEST

UNIT_CASE(key_store)
{
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, without_keys_authentication_is_off);
    tcase_add_test(tc, api_key_has_all_scopes);
    tcase_add_test(tc, both_sources_are_good_at_once);
    tcase_add_test(tc, the_file_wins_over_api_key);
    tcase_add_test(tc, a_file_that_cannot_be_used_is_no_start);
    tcase_add_test(tc, a_changed_file_is_taken_once);
    tcase_add_test(tc, a_broken_or_missing_file_keeps_the_keys_and_is_told_once);
    tcase_add_test(tc, a_change_that_leaves_no_trace_is_found_while_the_file_is_young);
    tcase_add_test(tc, readers_see_the_old_keys_or_the_new);
}
