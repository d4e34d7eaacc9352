/* The map against a plain array, and its order, removal and ownership. */
#include "common/base/map.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "common/base/xmalloc.h"
#include "tests/unit/unit.h"

enum { KEYS = 500, STEPS = 100000 };

START_TEST(puts_gets_and_removes)
{
    int one = 1, two = 2;
    struct map *m = map_new(1);
    ck_assert_ptr_null(map_get(m, span_str("a")));
    ck_assert_ptr_null(map_remove(m, span_str("a")));
    ck_assert_ptr_null(map_put(m, span_str("a"), &one));
    ck_assert_ptr_eq(map_get(m, span_str("a")), &one);
    ck_assert_ptr_eq(map_put(m, span_str("a"), &two), &one);
    ck_assert_uint_eq(map_count(m), 1);
    ck_assert_ptr_eq(map_remove(m, span_str("a")), &two);
    ck_assert_uint_eq(map_count(m), 0);
    map_free(m, NULL);
    map_free(NULL, NULL);
}
END_TEST

START_TEST(keys_are_bytes)
{
    int v[4];
    struct map *m = map_new(1);
    map_put(m, span_of("", 0), &v[0]);
    map_put(m, span_of("\0", 1), &v[1]);
    map_put(m, span_of("\0\0", 2), &v[2]);
    map_put(m, span_of("a\0b", 3), &v[3]);
    ck_assert_ptr_eq(map_get(m, span_of(NULL, 0)), &v[0]);
    ck_assert_ptr_eq(map_get(m, span_of("\0", 1)), &v[1]);
    ck_assert_ptr_eq(map_get(m, span_of("\0\0", 2)), &v[2]);
    ck_assert_ptr_eq(map_get(m, span_of("a\0b", 3)), &v[3]);
    ck_assert_ptr_null(map_get(m, span_of("a\0c", 3)));
    map_free(m, NULL);
}
END_TEST

START_TEST(copies_its_keys)
{
    int v;
    char key[] = "key";
    struct map *m = map_new(1);
    map_put(m, span_str(key), &v);
    key[0] = 'x';
    ck_assert_ptr_eq(map_get(m, span_str("key")), &v);
    ck_assert_ptr_null(map_get(m, span_str(key)));
    map_free(m, NULL);
}
END_TEST

/* Values point into `model`; the seed decides the layout, never the answers. */
static void run_against_model(uint64_t seed)
{
    static bool present[KEYS];
    static int value[KEYS];
    memset(present, 0, sizeof present);
    struct map *m = map_new(seed);
    struct rng rng;
    rng_seed(&rng, seed);
    size_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        char text[16];
        uint32_t k = rng_below(&rng, KEYS);
        struct span key = span_of(text, (size_t)snprintf(text, sizeof text, "dev-%u", k));
        void *expected = present[k] ? &value[k] : NULL;
        void *got;
        switch (rng_below(&rng, 3)) {
        case 0:
            got = map_put(m, key, &value[k]);
            count += !present[k];
            present[k] = true;
            break;
        case 1:
            got = map_remove(m, key);
            count -= present[k];
            present[k] = false;
            break;
        default:
            got = map_get(m, key);
        }
        if (got != expected || map_count(m) != count) {
            ck_abort_msg("step %d: %p, not %p; %zu entries, not %zu", step, got, expected,
                         map_count(m), count);
        }
    }
    map_free(m, NULL);
}

START_TEST(behaves_like_an_array_for_any_seed)
{
    run_against_model(0);
    run_against_model(UINT64_C(0x123456789abcdef0));
}
END_TEST

struct walk {
    struct map *map;
    char seen[64];
    bool remove_all;
    size_t stop_after;
};

static bool note(void *arg, struct span key, void *value)
{
    struct walk *w = arg;
    ck_assert_ptr_nonnull(value);
    strncat(w->seen, key.p, key.len);
    if (w->remove_all) {
        ck_assert_ptr_eq(map_remove(w->map, key), value);
    }
    return --w->stop_after > 0;
}

static const char *walk(struct walk *w, struct map *m)
{
    w->map = m;
    w->seen[0] = '\0';
    map_each(m, note, w);
    return w->seen;
}

START_TEST(visits_in_insertion_order)
{
    int v;
    struct map *m = map_new(7);
    for (const char *key = "hello wrld"; *key; key++) {
        map_put(m, span_of(key, 1), &v);
    }
    map_put(m, span_str("h"), &v); /* keeps its place */
    struct walk w = {.stop_after = 100};
    ck_assert_str_eq(walk(&w, m), "helo wrd");
    w.stop_after = 3;
    ck_assert_str_eq(walk(&w, m), "hel");
    w = (struct walk){.stop_after = 100, .remove_all = true};
    ck_assert_str_eq(walk(&w, m), "helo wrd");
    ck_assert_uint_eq(map_count(m), 0);
    ck_assert_str_eq(walk(&w, m), "");
    map_free(m, NULL);
}
END_TEST

START_TEST(frees_values_when_asked)
{
    struct map *m = map_new(7);
    map_put(m, span_str("a"), xstrdup("x"));
    map_put(m, span_str("b"), xstrdup("y"));
    map_free(m, free); /* the leak checker is the judge */
}
END_TEST

UNIT_CASE(map)
{
    tcase_add_test(tc, puts_gets_and_removes);
    tcase_add_test(tc, keys_are_bytes);
    tcase_add_test(tc, copies_its_keys);
    tcase_add_test(tc, behaves_like_an_array_for_any_seed);
    tcase_add_test(tc, visits_in_insertion_order);
    tcase_add_test(tc, frees_values_when_asked);
}
