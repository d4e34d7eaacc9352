/* Letters counted once each, whatever their order and however little memory there is. */
#include "tools/ctl/letter_tally.h"

#include <string.h>

#include "common/base/random.h"
#include "tests/unit/unit.h"

enum { PARTITIONS = 3, LETTERS = 400, OFFSETS = 1000 };

struct letter {
    size_t partition;
    int64_t offset;
};

/* Returns the number of passes that it took. */
static unsigned count(struct letter_tally *t, const struct letter *letter, size_t letters)
{
    unsigned passes = 0;
    for (size_t i = 0; i < letters; i++)
        letter_tally_reach(t, letter[i].partition, letter[i].offset);
    for (; letter_tally_next(t); passes++)
        for (size_t i = 0; i < letters; i++) {
            letter_tally_note(t, letter[i].partition, letter[i].offset);
        }
    return passes;
}

START_TEST(repeats_count_once)
{
    const struct letter letter[] = {{1, 7}, {1, 8}, {1, 7}, {2, 7}, {1, 7}};
    struct letter_tally t;
    letter_tally_init(&t, PARTITIONS, 1 << 20);
    ck_assert_uint_eq(count(&t, letter, 5), 1);
    ck_assert(t.of[0].letters == 0 && t.of[1].letters == 2 && t.of[2].letters == 1);
    letter_tally_deinit(&t);
}
END_TEST

START_TEST(nothing_takes_no_pass)
{
    struct letter_tally t;
    letter_tally_init(&t, PARTITIONS, 1 << 20);
    ck_assert_uint_eq(count(&t, NULL, 0), 0);
    letter_tally_deinit(&t);
}
END_TEST

START_TEST(what_a_pass_noted_can_be_asked)
{
    struct letter_tally t;
    letter_tally_init(&t, 1, 1); /* eight offsets at a time */
    letter_tally_reach(&t, 0, 100);
    letter_tally_reach(&t, 0, 110);
    ck_assert(letter_tally_next(&t));
    letter_tally_note(&t, 0, 107);
    letter_tally_note(&t, 0, 108); /* of the next pass */
    letter_tally_note(&t, 0, 99);  /* never reached */
    letter_tally_note(&t, 0, 111);
    ck_assert(letter_tally_has(&t, 0, 107) && !letter_tally_has(&t, 0, 106));
    ck_assert(!letter_tally_has(&t, 0, 108) && !letter_tally_has(&t, 0, 99));
    ck_assert(letter_tally_next(&t));
    ck_assert_int_eq(t.of[0].base, 108);
    letter_tally_note(&t, 0, 108);
    letter_tally_note(&t, 0, 111);
    ck_assert(!letter_tally_next(&t));
    ck_assert_uint_eq(t.of[0].letters, 2);
    letter_tally_deinit(&t);
}
END_TEST

START_TEST(little_memory_takes_passes_and_counts_the_same)
{
    static struct letter letter[LETTERS];
    bool seen[PARTITIONS][OFFSETS];
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t bytes = 1; bytes < 4096; bytes *= 3) {
        uint64_t want[PARTITIONS] = {0};
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < LETTERS; i++) {
            struct letter *l = &letter[i];
            *l = (struct letter){rng_u32(&rng) % PARTITIONS, (int64_t)(rng_u32(&rng) % OFFSETS)};
            want[l->partition] += !seen[l->partition][l->offset];
            seen[l->partition][l->offset] = true;
            l->offset += INT64_C(5000000000);
        }
        struct letter_tally t;
        letter_tally_init(&t, PARTITIONS, bytes);
        count(&t, letter, LETTERS);
        for (size_t p = 0; p < PARTITIONS; p++)
            ck_assert_uint_eq(t.of[p].letters, want[p]);
        letter_tally_deinit(&t);
    }
}
END_TEST

UNIT_CASE(letter_tally)
{
    tcase_add_test(tc, repeats_count_once);
    tcase_add_test(tc, nothing_takes_no_pass);
    tcase_add_test(tc, what_a_pass_noted_can_be_asked);
    tcase_add_test(tc, little_memory_takes_passes_and_counts_the_same);
}
