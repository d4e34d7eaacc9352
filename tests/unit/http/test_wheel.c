/* The timing wheel: never early, at most two ticks late, cheap to postpone. */
#include <stddef.h>

#include "common/http/wheel.h"
#include "tests/unit/unit.h"

enum { TIMERS = 500, TICK_MS = 1 << WHEEL_TICK_BITS };

struct alarm {
    struct wheel_timer timer;
    int fired;
};

static void fire(struct wheel_timer *t)
{
    ((struct alarm *)(void *)t)->fired++;
}

static struct wheel wheel;
static struct alarm alarms[TIMERS];

static void start(void)
{
    wheel_init(&wheel, 1000000);
    memset(alarms, 0, sizeof alarms);
}

START_TEST(fires_in_time)
{
    start();
    for (int i = 0; i < TIMERS; i++) /* up to three rounds ahead */
        wheel_set(&wheel, &alarms[i].timer, 1000000 + i * 401);
    for (int64_t now = 1000000; now < 1000000 + TIMERS * 401 + 3 * TICK_MS; now += 17) {
        wheel_advance(&wheel, now, fire);
        int early = 0, late = 0;
        for (int i = 0; i < TIMERS; i++) {
            int64_t due = 1000000 + i * 401;
            early += now < due && alarms[i].fired > 0;
            late += now > due + 2 * TICK_MS && alarms[i].fired != 1;
        }
        ck_assert_int_eq(early, 0);
        ck_assert_int_eq(late, 0);
    }
}
END_TEST

START_TEST(postpones_and_advances)
{
    start();
    wheel_set(&wheel, &alarms[0].timer, 1000500);
    wheel_set(&wheel, &alarms[0].timer, 1090000); /* later: noted only */
    wheel_set(&wheel, &alarms[1].timer, 1090000);
    wheel_set(&wheel, &alarms[1].timer, 1000500); /* earlier: moved */
    wheel_set(&wheel, &alarms[2].timer, 1000500);
    wheel_set(&wheel, &alarms[2].timer, WHEEL_NEVER);
    wheel_set(&wheel, &alarms[3].timer, 1000500);
    wheel_remove(&alarms[3].timer);
    wheel_advance(&wheel, 1001000, fire);
    ck_assert_int_eq(alarms[0].fired, 0);
    ck_assert_int_eq(alarms[1].fired, 1);
    wheel_set(&wheel, &alarms[2].timer, 1002000); /* after a rest it starts again */
    wheel_advance(&wheel, 1010000, fire);
    ck_assert_int_eq(alarms[2].fired, 1);
    wheel_advance(&wheel, 9000000, fire); /* a jump of many rounds */
    ck_assert_int_eq(alarms[0].fired, 1);
    ck_assert_int_eq(alarms[1].fired, 1);
    ck_assert_int_eq(alarms[3].fired, 0);
}
END_TEST

UNIT_CASE(wheel)
{
    tcase_add_test(tc, fires_in_time);
    tcase_add_test(tc, postpones_and_advances);
}
