/* How often a device speaks: median and spread of its latest gaps. */
#include "common/model/cadence.h"

#include <string.h>

static void put_gap(struct cadence *c, int64_t gap_ms)
{
    c->gap_ms[c->next] = gap_ms < UINT32_MAX ? (uint32_t)gap_ms : UINT32_MAX;
    c->next = (uint8_t)((c->next + 1) % CADENCE_GAPS);
    c->gaps = (uint8_t)(c->gaps < CADENCE_GAPS ? c->gaps + 1 : CADENCE_GAPS);
}

void cadence_note(struct cadence *c, int64_t ts_ms)
{
    if (c->started && ts_ms <= c->last_ms) {
        return;
    }
    if (c->started) {
        put_gap(c, ts_ms - c->last_ms);
    }
    c->started = true;
    c->last_ms = ts_ms;
}

uint32_t cadence_gap(const struct cadence *c, unsigned i)
{
    unsigned oldest = (unsigned)(c->next + CADENCE_GAPS - c->gaps);
    return c->gap_ms[(oldest + i) % CADENCE_GAPS];
}

bool cadence_equal(const struct cadence *a, const struct cadence *b)
{
    bool equal = a->started == b->started && a->last_ms == b->last_ms && a->gaps == b->gaps;
    for (unsigned i = 0; equal && i < a->gaps; i++) {
        equal = cadence_gap(a, i) == cadence_gap(b, i);
    }
    return equal;
}

static void sort(uint32_t *v, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        uint32_t x = v[i];
        unsigned at = i;
        for (; at > 0 && v[at - 1] > x; at--) {
            v[at] = v[at - 1];
        }
        v[at] = x;
    }
}

/* Of an even number the lower of the two in the middle. */
static uint32_t median(uint32_t *v, unsigned n)
{
    sort(v, n);
    return v[(n - 1) / 2];
}

bool cadence_summary(const struct cadence *c, struct cadence_summary *out)
{
    if (c->gaps < CADENCE_GAPS_MIN) {
        return false;
    }
    uint32_t v[CADENCE_GAPS];
    memcpy(v, c->gap_ms, c->gaps * sizeof(*v));
    uint32_t middle = median(v, c->gaps);
    for (unsigned i = 0; i < c->gaps; i++) {
        v[i] = v[i] > middle ? v[i] - middle : middle - v[i];
    }
    *out = (struct cadence_summary){
        .gaps = c->gaps, .median_ms = middle, .spread_ms = median(v, c->gaps)};
    return true;
}
