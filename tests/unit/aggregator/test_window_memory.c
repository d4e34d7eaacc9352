/* What an open window and a last state cost, by the allocator's own account. */
#include <malloc.h>
#include <stdio.h>

#include "aggregator/window_cache.h"
#include "common/base/random.h"
#include "tests/unit/unit.h"

enum { WINDOWS = 115000, READINGS = 6, WINDOW_BYTES_MAX = 250 };
/* 64 of the entry, 11 to 22 of its slot, 224 of id and state, 9 while it is dirty, and what the
 * pools have in hand: for a device of two sensors whose cadence is known as well as it ever will
 * be. */
enum { DEVICES = 60000, DEVICE_READINGS = 40, DEVICE_BYTES_MAX = 350 };

static size_t allocated(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static struct device_entry *device(struct window_cache *c, int i)
{
    char id[32];
    snprintf(id, sizeof id, "sensor-%06d", i);
    return window_cache_device(c, span_str(id));
}

static void fold(struct window_cache *c, struct window_entry *w, int i, int k, double value)
{
    const struct window_sample sample = {.partition = i % 12,
                                         .offset = i * READINGS + k,
                                         .ts_ms = 1763719200000 + k * 10000,
                                         .value = value};
    window_cache_fold_window(c, w, &sample);
}

/* The tables are at their emptiest just after they grew: the windows' at 98,304 of 131,072. */
static void fill_windows(struct window_cache *c, struct rng *rng)
{
    for (int i = 0; i < WINDOWS; i++) {
        const char *sensor = i % 2 ? "humidity" : "temperature_c";
        struct window_entry *w =
            window_cache_window(c, device(c, i / 2), span_str(sensor), 1763719200000);
        for (int k = 0; k < READINGS; k++)
            fold(c, w, i, k, (double)rng_below(rng, 10000) / 100);
    }
}

/* Without the devices, which the next test counts. */
START_TEST(an_open_window_costs_250_bytes_at_most)
{
    struct window_cache c;
    struct rng rng;
    rng_seed(&rng, 1);
    window_cache_init(&c, 1);
    for (int i = 0; i < WINDOWS / 2; i++)
        device(&c, i);
    size_t before = allocated();
    fill_windows(&c, &rng);
    double bytes = (double)(allocated() - before) / WINDOWS;
    printf("%d open windows: %.0f bytes each\n", WINDOWS, bytes); /* 0 under a sanitizer */
    ck_assert_uint_eq(c.windows.table.count, WINDOWS);
    ck_assert_double_le(bytes, WINDOW_BYTES_MAX);
    window_cache_deinit(&c);
}
END_TEST

static void fill_devices(struct window_cache *c, struct rng *rng)
{
    struct reading r = {.sensors = 2};
    r.sensor[0].name = span_str("temperature_c");
    r.sensor[1].name = span_str("humidity");
    for (int k = 0; k < DEVICE_READINGS; k++) {
        for (int i = 0; i < DEVICES; i++) {
            r.ts_ms = 1763719200000 + k * 10000 + rng_below(rng, 100);
            r.received_at_ms = r.ts_ms + 30;
            r.sensor[0].value = r.sensor[1].value = (double)rng_below(rng, 10000) / 100;
            window_cache_fold_device(c, device(c, i), i % 12, k * DEVICES + i, &r);
        }
    }
}

START_TEST(a_last_state_costs_350_bytes_at_most)
{
    struct window_cache c;
    struct rng rng;
    rng_seed(&rng, 1);
    size_t before = allocated();
    window_cache_init(&c, 1);
    fill_devices(&c, &rng);
    double bytes = (double)(allocated() - before) / DEVICES;
    printf("%d last states: %.0f bytes each\n", DEVICES, bytes);
    ck_assert_uint_eq(c.devices.table.count, DEVICES);
    ck_assert_double_le(bytes, DEVICE_BYTES_MAX);
    window_cache_deinit(&c);
}
END_TEST

UNIT_CASE(window_memory)
{
    tcase_add_test(tc, an_open_window_costs_250_bytes_at_most);
    tcase_add_test(tc, a_last_state_costs_350_bytes_at_most);
}
