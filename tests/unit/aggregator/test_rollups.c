/* Rollups that two instances keep at once, cut off anywhere, over a store that fails: at rest every
 * hour and day is what its windows make. */
#include "tests/unit/aggregator/rollup_world.h"
#include "tests/unit/unit.h"

START_TEST(at_rest_rollups_are_what_their_windows_make)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        static struct rollup_node node[NODES];
        struct rollup_world *w = rollup_world_new(node, seed);
        int which = 0;
        for (int i = 0; i < 600; i++) {
            struct err e = {0};
            if (rng_below(&w->rng, 8) == 0) /* one sleeps while the other goes on */
                which = !which;
            uint32_t what = rng_below(&w->rng, 100);
            if (what < 10) {
                rollup_world_write(w, 0, MINUTES);
            } else if (what < 12) { /* crash */
                rollups_free(node[which].rollups);
                rollup_node_start(w, &node[which], which);
            } else {
                (void)!rollups_step(node[which].rollups, &e);
            }
        }
        w->calm = true;
        w->until_ms = 0;
        rollup_node_pass(&node[0]); /* perhaps only the end of one that began too early */
        rollup_node_pass(&node[0]);
        rollup_world_check(w);
        rollup_world_free(w, node);
    }
}
END_TEST

/* One has folded, but not yet written, when the other does both with a newer window. */
START_TEST(a_write_that_comes_too_late_loses)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 4);
    struct err e = {0};
    w->calm = true;
    rollup_world_write(w, 0, 60);
    while (w->read_sources == 0)
        ck_assert_int_eq(rollups_step(node[0].rollups, &e), 1);
    rollup_world_write(w, 0, 60);
    w->until_ms = 0;
    rollup_node_pass(&node[1]);
    rollup_world_check(w);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    ck_assert_uint_ge(atomic_load(&rollups_stats(node[0].rollups)->lost_races), 1);
    rollup_world_free(w, node);
}
END_TEST

/* Also a week late: hour and day are right after one pass, and nothing else is touched. */
START_TEST(a_late_window_is_in_its_hour_and_day_after_one_pass)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 5);
    w->calm = true;
    for (int i = 0; i < 200; i++)
        rollup_world_write(w, 0, MINUTES);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    w->now_ms += INT64_C(7) * 24 * HOUR;
    rollup_node_pass(&node[0]);
    unsigned written = w->written, read = w->read_sources;
    rollup_world_write(w, 120, 121);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    ck_assert_uint_eq(w->written, written + 2); /* the hour and the day */
    ck_assert_uint_eq(w->read_sources, read + 2);
    rollup_node_pass(&node[0]);
    rollup_node_pass(&node[0]);
    ck_assert_uint_eq(w->written, written + 2);
    ck_assert_uint_eq(w->read_sources, read + 2);
    ck_assert_uint_eq(atomic_load(&rollups_stats(node[0].rollups)->kept[ROLLUP_HOURS]), 0);
    rollup_world_free(w, node);
}
END_TEST

static uint64_t sources_read(const struct rollup_node *n, enum rollup_kind kind)
{
    return atomic_load(&rollups_stats(n->rollups)->sources[kind]);
}

static void write_final(struct rollup_world *w, uint32_t minute)
{
    rollup_world_write(w, minute, minute + 1);
    w->minute[minute].w.final = true;
}

/* Half an hour of final windows is read once; then only what is new, and what is still open. A late
 * reading makes one that is settled change: then all of its hour. */
START_TEST(a_pass_reads_what_has_changed)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 10);
    w->calm = true;
    w->now_ms = MIDNIGHT + HOUR + HOUR / 2;
    for (uint32_t i = 60; i < 90; i++)
        write_final(w, i);
    rollup_node_pass(&node[0]);
    ck_assert_uint_eq(sources_read(&node[0], ROLLUP_HOURS), 30);
    for (uint32_t i = 90; i < 95; i++) {
        uint64_t before = sources_read(&node[0], ROLLUP_HOURS);
        w->now_ms += MINUTE;
        rollup_world_write(w, i, i + 1);
        w->minute[i].w.final = false;
        if (i > 90)
            write_final(w, i - 1);
        rollup_node_pass(&node[0]);
        rollup_world_check(w);
        ck_assert_uint_eq(sources_read(&node[0], ROLLUP_HOURS), before + (i > 90 ? 2 : 1));
    }
    ck_assert_uint_eq(sources_read(&node[0], ROLLUP_DAYS), 6); /* the hour, each time */
    uint64_t before = sources_read(&node[0], ROLLUP_HOURS);
    write_final(w, 61);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    ck_assert_uint_eq(sources_read(&node[0], ROLLUP_HOURS), before + 35);
    rollup_world_free(w, node);
}
END_TEST

START_TEST(an_hour_becomes_final_without_a_further_reading)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 6);
    w->calm = true;
    w->now_ms = MIDNIGHT + HOUR / 2;
    rollup_world_write(w, 3, 4);
    w->minute[3].w.final = true;
    rollup_node_pass(&node[0]);
    ck_assert(w->hour[0].r.stats.count == 1 && !w->hour[0].r.final);
    w->now_ms = MIDNIGHT + HOUR + GRACE - 1000;
    rollup_node_pass(&node[0]);
    ck_assert(!w->hour[0].r.final && !w->day[0].r.final);
    w->now_ms = MIDNIGHT + HOUR + GRACE;
    rollup_node_pass(&node[0]);
    ck_assert(w->hour[0].r.final && !w->day[0].r.final);
    w->now_ms = MIDNIGHT + INT64_C(24) * HOUR + GRACE;
    rollup_node_pass(&node[0]);
    ck_assert(w->day[0].r.final);
    rollup_world_free(w, node);
}
END_TEST

START_TEST(windows_that_have_expired_leave_the_hour_as_it_is)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 7);
    w->calm = true;
    for (int i = 0; i < 50; i++)
        rollup_world_write(w, 0, 60);
    rollup_world_write(w, 10, 11);
    rollup_world_write(w, 10, 11);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    struct rollup before = w->hour[0].r;
    for (int i = 0; i < 60; i++) {
        window_deinit(&w->minute[i].w);
        w->minute[i] = (struct minute){0};
    }
    rollup_world_write(w, 10, 11);
    rollup_node_pass(&node[0]);
    ck_assert(window_stats_equal(&w->hour[0].r.stats, &before.stats));
    ck_assert_uint_ge(atomic_load(&rollups_stats(node[0].rollups)->kept[ROLLUP_HOURS]), 1);
    rollup_world_free(w, node);
}
END_TEST

/* A clock that was a year ahead has left its time in the checkpoint and in a window. */
START_TEST(a_checkpoint_from_the_future_hides_nothing)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 8);
    w->calm = true;
    rollup_world_write(w, 0, 1);
    rollup_node_pass(&node[0]);
    w->state[ROLLUP_HOURS].through_ms = w->now_ms + INT64_C(365) * 24 * HOUR;
    w->now_ms += HOUR;
    rollup_world_write(w, 60, 61);
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    ck_assert_int_le(w->state[ROLLUP_HOURS].through_ms, w->now_ms);
    rollup_world_write(w, 120, 121);
    w->minute[120].updated_ms += INT64_C(365) * 24 * HOUR;
    rollup_node_pass(&node[0]);
    rollup_world_check(w);
    ck_assert_int_le(w->state[ROLLUP_HOURS].through_ms, w->now_ms);
    rollup_world_free(w, node);
}
END_TEST

START_TEST(a_lease_is_given_back_at_the_end)
{
    static struct rollup_node node[NODES];
    struct rollup_world *w = rollup_world_new(node, 9);
    w->calm = true;
    rollup_node_pass(&node[0]);
    ck_assert(atomic_load(&rollups_stats(node[0].rollups)->leading));
    ck_assert_int_gt(w->until_ms, w->now_ms);
    rollups_retire(node[0].rollups);
    ck_assert(!atomic_load(&rollups_stats(node[0].rollups)->leading));
    ck_assert_int_le(w->until_ms, w->now_ms);
    rollup_world_free(w, node);
}
END_TEST

UNIT_CASE(rollups)
{
    tcase_add_test(tc, at_rest_rollups_are_what_their_windows_make);
    tcase_add_test(tc, a_write_that_comes_too_late_loses);
    tcase_add_test(tc, a_late_window_is_in_its_hour_and_day_after_one_pass);
    tcase_add_test(tc, a_pass_reads_what_has_changed);
    tcase_add_test(tc, an_hour_becomes_final_without_a_further_reading);
    tcase_add_test(tc, windows_that_have_expired_leave_the_hour_as_it_is);
    tcase_add_test(tc, a_checkpoint_from_the_future_hides_nothing);
    tcase_add_test(tc, a_lease_is_given_back_at_the_end);
}
