/* Which records of the log have a dead letter. */
#include "tools/ctl/letter_tally.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

void letter_tally_init(struct letter_tally *t, size_t partitions, size_t bytes)
{
    size_t each = partitions ? bytes / partitions : 0;
    *t = (struct letter_tally){
        .partitions = partitions,
        .width = 8 * (each ? each : 1),
        .of = xcalloc(partitions + 1, sizeof *t->of),
    };
    for (size_t p = 0; p < partitions; p++)
        t->of[p] = (struct letter_place){.low = INT64_MAX, .high = -1};
}

void letter_tally_deinit(struct letter_tally *t)
{
    free(t->of);
    free(t->bits);
    *t = (struct letter_tally){.partitions = 0};
}

void letter_tally_reach(struct letter_tally *t, size_t partition, int64_t offset)
{
    struct letter_place *place = &t->of[partition];
    place->low = offset < place->low ? offset : place->low;
    place->high = offset > place->high ? offset : place->high;
}

bool letter_tally_next(struct letter_tally *t)
{
    bool more = false, first = t->bits == NULL;
    for (size_t p = 0; p < t->partitions; p++) {
        struct letter_place *place = &t->of[p];
        if (place->low <= place->high)
            place->base = first ? place->low : place->base + (int64_t)t->width;
        more = more || (place->low <= place->high && place->base <= place->high);
    }
    /* Made anew: pages that nobody touches cost nothing, clearing would touch them all. */
    free(t->bits);
    t->bits = more ? xcalloc(t->partitions, t->width / 8) : NULL;
    return more;
}

/* The number of its bit, or -1 when the offset is not of this pass. */
static int64_t bit_of(const struct letter_tally *t, size_t partition, int64_t offset)
{
    const struct letter_place *place = &t->of[partition];
    if (offset < place->low || offset > place->high || offset < place->base ||
        offset - place->base >= (int64_t)t->width)
        return -1;
    return (int64_t)(partition * t->width) + offset - place->base;
}

void letter_tally_note(struct letter_tally *t, size_t partition, int64_t offset)
{
    int64_t bit = bit_of(t, partition, offset);
    if (bit < 0 || letter_tally_has(t, partition, offset))
        return;
    t->bits[bit / 8] = (unsigned char)(t->bits[bit / 8] | 1u << bit % 8);
    t->of[partition].letters++;
}

bool letter_tally_has(const struct letter_tally *t, size_t partition, int64_t offset)
{
    int64_t bit = bit_of(t, partition, offset);
    return bit >= 0 && (t->bits[bit / 8] >> bit % 8 & 1) != 0;
}
