/* What the reading codec costs alone: the bodies of post.lua, decoded over and over, and then
 * encoded. Prints one line of JSON: processor time of a reading in nanoseconds, the least of many
 * short spells. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/model/reading.h"

enum { BODIES = 500, TEXT_MAX = 256, PASSES = 20, SPELLS = 50 };

struct codec {
    struct span body[BODIES];
    struct reading reading;
    struct reading_problems problems;
    struct reading_rules rules;
    struct buf record;
    char text[BODIES][TEXT_MAX];
};

static double thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void make_bodies(struct codec *c)
{
    for (int i = 0; i < BODIES; i++) {
        int len =
            snprintf(c->text[i], TEXT_MAX,
                     "{\"device_id\":\"bench-0-%d\",\"ts\":1795255200%03d,\"temperature_c\":%d"
                     ".%02d,\"humidity\":%d.%d,\"seq\":%d}",
                     i, i, 20 + i % 10, i % 100, 40 + i % 5, i % 10, 100000 + i);
        c->body[i] = span_of(c->text[i], (size_t)len);
    }
}

static void decode_all(struct codec *c)
{
    for (int i = 0; i < BODIES; i++) {
        if (reading_decode(&c->reading, c->body[i], &c->rules, &c->problems) != 0) {
            fprintf(stderr, "bench_reading: a body was refused: %s\n", c->text[i]);
            exit(1);
        }
    }
}

/* The last one that was decoded. */
static void encode_all(struct codec *c)
{
    for (int i = 0; i < BODIES; i++) {
        buf_clear(&c->record);
        reading_encode(&c->reading, &c->record);
    }
}

static double least_ns(struct codec *c, void (*work)(struct codec *))
{
    double best = 0;
    for (int spell = 0; spell < SPELLS; spell++) {
        double before = thread_ns();
        for (int pass = 0; pass < PASSES; pass++) {
            work(c);
        }
        double each = (thread_ns() - before) / (PASSES * BODIES);
        best = spell == 0 || each < best ? each : best;
    }
    return best;
}

int main(void)
{
    static struct codec codec = {.rules = {.mode = READING_LENIENT,
                                           .now_ms = INT64_C(1795255300000),
                                           .max_future_skew_ms = 300000}};
    make_bodies(&codec);
    double decode = least_ns(&codec, decode_all);
    codec.reading.received_at_ms = codec.rules.now_ms;
    double encode = least_ns(&codec, encode_all);
    printf("{\"decode_ns\":%.1f,\"encode_ns\":%.1f}\n", decode, encode);
    buf_deinit(&codec.record);
    return 0;
}
