/* Which partitions a consumer holds, and how far each is done and committed. Pure. Internal. */
#ifndef WEIR_KAFKA_POSITIONS_H
#define WEIR_KAFKA_POSITIONS_H

#include <stdbool.h>
#include <stdint.h>

struct position {
    bool ours;
    int64_t done;       /* everything below is durable here; -1 = nothing said yet */
    int64_t acked;      /* Kafka holds this position of the group; -1 = none */
    int64_t start, end; /* the borders of the log when it was last asked; kept when not ours */
};

/* All zero is valid and empty. */
struct positions {
    struct position *list; /* owned; by partition number */
    int32_t size;
    int32_t count;       /* of those that are ours */
    uint64_t borders_at; /* when the borders of all of them were asked, monotonic ms */
};

void positions_deinit(struct positions *t);

/* The partition is ours from now on; the group stands at `committed` (-1 = nowhere yet). */
void positions_take(struct positions *t, int32_t partition, int64_t committed);
void positions_drop_all(struct positions *t);

static inline bool positions_ours(const struct positions *t, int32_t partition)
{
    return partition >= 0 && partition < t->size && t->list[partition].ours;
}

/* Everything below `next` is durable; never goes back; ignored when the partition is not ours. */
void positions_done(struct positions *t, int32_t partition, int64_t next);
/* Kafka acknowledged `next`; likewise. */
void positions_acked(struct positions *t, int32_t partition, int64_t next);

/* The log of the partition, ours or not, reaches from `start` up to but not including `end`. */
void positions_borders(struct positions *t, int32_t partition, int64_t start, int64_t end);

/* The first partition from `from` on that is ours, or with something to commit; -1 = none. */
int32_t positions_next(const struct positions *t, int32_t from);
int32_t positions_next_dirty(const struct positions *t, int32_t from);

#endif
