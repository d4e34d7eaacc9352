/* Which partitions a consumer holds, and how far each is done and committed. */
#include "common/kafka/positions.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

void positions_deinit(struct positions *t)
{
    free(t->list);
    *t = (struct positions){0};
}

static void grow(struct positions *t, int32_t partition)
{
    if (partition < t->size) {
        return;
    }
    int32_t size = partition + 16;
    t->list = xreallocarray(t->list, (size_t)size, sizeof *t->list);
    for (int32_t i = t->size; i < size; i++) {
        t->list[i] = (struct position){0};
    }
    t->size = size;
}

void positions_take(struct positions *t, int32_t partition, int64_t committed)
{
    grow(t, partition);
    struct position *p = &t->list[partition];
    t->count += !p->ours;
    p->ours = true;
    p->done = -1;
    p->acked = committed;
}

void positions_borders(struct positions *t, int32_t partition, int64_t start, int64_t end)
{
    grow(t, partition);
    t->list[partition].start = start;
    t->list[partition].end = end;
}

void positions_drop_all(struct positions *t)
{
    for (int32_t i = 0; i < t->size; i++) {
        t->list[i].ours = false;
    }
    t->count = 0;
}

void positions_done(struct positions *t, int32_t partition, int64_t next)
{
    if (positions_ours(t, partition) && next > t->list[partition].done) {
        t->list[partition].done = next;
    }
}

void positions_acked(struct positions *t, int32_t partition, int64_t next)
{
    if (positions_ours(t, partition) && next > t->list[partition].acked) {
        t->list[partition].acked = next;
    }
}

int32_t positions_next(const struct positions *t, int32_t from)
{
    for (int32_t i = from; i < t->size; i++) {
        if (t->list[i].ours) {
            return i;
        }
    }
    return -1;
}

int32_t positions_next_dirty(const struct positions *t, int32_t from)
{
    for (int32_t i = from; i < t->size; i++) {
        if (t->list[i].ours && t->list[i].done > t->list[i].acked) {
            return i;
        }
    }
    return -1;
}
