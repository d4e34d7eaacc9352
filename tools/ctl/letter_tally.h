/* Which records of the log have a dead letter, each counted once however often its letter was
 * written: a bit for each offset, as many offsets at a time as there is memory for. Pure.
 *
 *   letter_tally_reach for every letter, then while letter_tally_next: letter_tally_note for every
 *   letter again. What was noted in the passes together is exact. */
#ifndef WEIR_CTL_LETTER_TALLY_H
#define WEIR_CTL_LETTER_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct letter_place {
    int64_t low, high; /* lowest and highest offset that was reached; low > high = none */
    int64_t base;      /* first offset of this pass */
    uint64_t letters;  /* distinct offsets noted so far */
};

struct letter_tally {
    size_t partitions, width; /* offsets of each partition in a pass */
    struct letter_place *of;  /* owned; one for each partition */
    unsigned char *bits;      /* owned; of this pass; NULL before the first */
};

/* Takes about `bytes` (at least one for each partition) of memory in a pass. */
void letter_tally_init(struct letter_tally *t, size_t partitions, size_t bytes);
void letter_tally_deinit(struct letter_tally *t);

/* The partition is below `partitions` in each of these. */
void letter_tally_reach(struct letter_tally *t, size_t partition, int64_t offset);
/* Begins the next pass; false when there is nothing left to look at. */
bool letter_tally_next(struct letter_tally *t);
/* Offsets that are not of this pass, or were never reached, are passed over. */
void letter_tally_note(struct letter_tally *t, size_t partition, int64_t offset);
/* Whether the offset was noted in this pass. */
bool letter_tally_has(const struct letter_tally *t, size_t partition, int64_t offset);

#endif
