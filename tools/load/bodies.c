/* Sensors: a slow daily wave, a faster one as a heater makes it, and noise that remembers. */
#include "tools/load/bodies.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "common/base/xmalloc.h"

enum {
    DAY_MS = 86400000,
    HEATER_MS = 600000,        /* one cycle of the faster wave */
    BATTERY_STEP_MS = 1200000, /* one percent in twenty minutes */
    BATTERY_SPAN = 96,         /* from 100 % down to 5 %, then it is changed */
    OFFLINE_ONE_IN = 500,
};

struct device {
    struct rng rng;
    double temperature, day_swing, heater_swing; /* Celsius */
    double day_phase, heater_phase;              /* turns */
    double drift;                                /* noise that fades slowly, Celsius */
    double humidity;                             /* percent at the base temperature */
    int64_t battery_used;                        /* steps at time 0 */
    int rssi;                                    /* dBm */
};

struct bodies {
    int64_t devices;
    uint64_t sent;
    struct device device[];
};

static double between(struct rng *r, double low, double high)
{
    return low + (high - low) * rng_unit(r);
}

static void device_init(struct device *d, uint64_t seed, uint64_t number)
{
    rng_seed(&d->rng, seed * UINT64_C(0x9e3779b97f4a7c15) + number);
    d->temperature = between(&d->rng, 14, 26);
    d->day_swing = between(&d->rng, 2, 6);
    d->heater_swing = between(&d->rng, 0.3, 1.2);
    d->day_phase = rng_unit(&d->rng);
    d->heater_phase = rng_unit(&d->rng);
    d->humidity = between(&d->rng, 38, 62);
    d->battery_used = rng_below(&d->rng, BATTERY_SPAN);
    d->rssi = -50 - (int)rng_below(&d->rng, 30);
}

struct bodies *bodies_new(int64_t devices, uint64_t seed)
{
    struct bodies *b = xcalloc(1, sizeof *b + (size_t)devices * sizeof b->device[0]);
    b->devices = devices;
    for (int64_t i = 0; i < devices; i++) {
        device_init(&b->device[i], seed, (uint64_t)i + 1);
    }
    return b;
}

void bodies_free(struct bodies *b)
{
    free(b);
}

/* The sine of a turn by Bhaskara's formula: within 0.002, and made of exact operations only, so the
 * bodies do not depend on the machine's libm. */
static double wave(int64_t ms, int64_t period_ms, double phase)
{
    int64_t in_period = (ms % period_ms + period_ms) % period_ms;
    double turn = (double)in_period / (double)period_ms + phase;
    turn -= floor(turn);
    double half = turn < 0.5 ? 2 * turn : 2 * turn - 1;
    double hump = half * (1 - half);
    double height = 16 * hump / (5 - 4 * hump);
    return turn < 0.5 ? height : -height;
}

/* Bell-shaped, between -1 and 1. */
static double noise(struct rng *r)
{
    return (rng_unit(r) + rng_unit(r) + rng_unit(r)) / 1.5 - 1;
}

static void put_hundredths(struct buf *out, double value)
{
    int64_t hundredths = llrint(value * 100);
    int64_t size = hundredths < 0 ? -hundredths : hundredths;
    if (hundredths < 0) {
        buf_char(out, '-');
    }
    buf_json_i64(out, size / 100);
    buf_char(out, '.');
    buf_char(out, (char)('0' + size / 10 % 10));
    buf_char(out, (char)('0' + size % 10));
}

struct measured {
    double temperature, humidity;
    int64_t battery, rssi;
    bool online;
};

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* Warm air of the same water content is drier: two percent for each degree. */
static struct measured measure(struct device *d, int64_t ms)
{
    struct measured m;
    d->drift = 0.95 * d->drift + 0.12 * noise(&d->rng);
    double above = d->day_swing * wave(ms, DAY_MS, d->day_phase) +
                   d->heater_swing * wave(ms, HEATER_MS, d->heater_phase) + d->drift;
    m.temperature = d->temperature + above;
    m.humidity = clamp(d->humidity - 2 * above + 0.8 * noise(&d->rng), 5, 95);
    int64_t steps = ms / BATTERY_STEP_MS + d->battery_used;
    m.battery = 100 - (steps % BATTERY_SPAN + BATTERY_SPAN) % BATTERY_SPAN;
    m.rssi = d->rssi + (int)lrint(4 * noise(&d->rng));
    m.online = rng_below(&d->rng, OFFLINE_ONE_IN) != 0;
    return m;
}

void bodies_next(struct bodies *b, int64_t ts_ms, struct buf *out)
{
    uint64_t devices = (uint64_t)b->devices, number = b->sent % devices;
    int64_t seq = (int64_t)(b->sent++ / devices) + 1;
    struct measured m = measure(&b->device[number], ts_ms);
    char ts[TIMESTAMP_TEXT_MAX];
    buf_str(out, "{\"device_id\":\"dev-");
    buf_json_i64(out, (int64_t)number + 1);
    buf_str(out, "\",\"ts\":\"");
    buf_append(out, ts, timestamp_format(ts_ms, ts));
    buf_str(out, "\",\"temperature_c\":");
    put_hundredths(out, m.temperature);
    buf_str(out, ",\"humidity\":");
    put_hundredths(out, m.humidity);
    buf_str(out, ",\"battery_level\":");
    buf_json_i64(out, m.battery);
    buf_str(out, ",\"rssi\":");
    buf_json_i64(out, m.rssi);
    buf_str(out, m.online ? ",\"online\":true" : ",\"online\":false");
    buf_str(out, ",\"seq\":");
    buf_json_i64(out, seq);
    buf_char(out, '}');
}
