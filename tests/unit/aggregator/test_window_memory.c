/* What an open window costs: 250 bytes at most, by the allocator's own account. */
#include <malloc.h>
#include <stdio.h>

#include "aggregator/window_cache.h"
#include "common/base/random.h"
#include "tests/unit/unit.h"

enum { WINDOWS = 115000, READINGS = 6, BYTES_MAX = 250 };

/* The table is at its emptiest just after it grew: at 114,688 of 131,072 slots. */
static void fill(struct window_cache *c, struct rng *rng)
{
    char device[32];
    for (int i = 0; i < WINDOWS; i++) {
        snprintf(device, sizeof device, "sensor-%06d", i / 2);
        struct window_entry *w = window_cache_window(
            c, span_str(device), span_str(i % 2 ? "humidity" : "temperature_c"), 1763719200000);
        w->loaded = true;
        for (int k = 0; k < READINGS; k++)
            window_fold(w->window, i % 12, i * READINGS + k, 1763719200000 + k * 10000,
                        (double)rng_below(rng, 10000) / 100);
        window_cache_pack_all(c);
    }
}

START_TEST(an_open_window_costs_250_bytes_at_most)
{
    struct window_cache c;
    struct rng rng;
    rng_seed(&rng, 1);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    window_cache_init(&c, 1);
    fill(&c, &rng);
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    double bytes = (double)(after - before) / WINDOWS;
    printf("%d open windows: %.0f bytes each\n", WINDOWS, bytes); /* 0 under a sanitizer */
    ck_assert_uint_eq(c.windows.count, WINDOWS);
    ck_assert_double_le(bytes, BYTES_MAX);
    window_cache_deinit(&c);
}
END_TEST

UNIT_CASE(window_memory)
{
    tcase_add_test(tc, an_open_window_costs_250_bytes_at_most);
}
