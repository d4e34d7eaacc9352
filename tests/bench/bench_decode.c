/* What the reading decoder costs alone: the bodies of post.lua, decoded over and over. Prints one
 * line of JSON: processor time of a reading in nanoseconds, the least of many short spells. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/model/reading.h"

enum { BODIES = 500, TEXT_MAX = 256, PASSES = 20, SPELLS = 100 };

static char text[BODIES][TEXT_MAX];
static struct span body[BODIES];

static double thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void make_bodies(void)
{
    for (int i = 0; i < BODIES; i++) {
        int len =
            snprintf(text[i], TEXT_MAX,
                     "{\"device_id\":\"bench-0-%d\",\"ts\":1795255200%03d,\"temperature_c\":%d"
                     ".%02d,\"humidity\":%d.%d,\"seq\":%d}",
                     i, i, 20 + i % 10, i % 100, 40 + i % 5, i % 10, 100000 + i);
        body[i] = span_of(text[i], (size_t)len);
    }
}

static void decode_all(struct reading *r, const struct reading_rules *rules)
{
    static struct reading_problems problems;
    for (int i = 0; i < BODIES; i++) {
        if (reading_decode(r, body[i], rules, &problems) != 0) {
            fprintf(stderr, "bench_decode: a body was refused: %s\n", text[i]);
            exit(1);
        }
    }
}

int main(void)
{
    static struct reading reading;
    const struct reading_rules rules = {
        .mode = READING_LENIENT, .now_ms = INT64_C(1795255300000), .max_future_skew_ms = 300000};
    double best = 0;
    make_bodies();
    for (int spell = 0; spell < SPELLS; spell++) {
        double before = thread_ns();
        for (int pass = 0; pass < PASSES; pass++) {
            decode_all(&reading, &rules);
        }
        double each = (thread_ns() - before) / (PASSES * BODIES);
        best = spell == 0 || each < best ? each : best;
    }
    printf("{\"ns\":%.1f}\n", best);
    return 0;
}
