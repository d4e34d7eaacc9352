/* The windows in memory by their key: a table of pointers with open addressing, because a million
 * entries stand in it, and eleven to twenty bytes are less than the hundred of a node with a copy
 * of the key. Pure. */
#ifndef WEIR_AGGREGATOR_WINDOW_TABLE_H
#define WEIR_AGGREGATOR_WINDOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/model/window.h"

/* One window. While it is worked on it is unpacked; else `packed` holds its shares. */
struct window_entry {
    struct window *window; /* owned by the cache; NULL = packed */
    uint8_t *packed;       /* owned; NULL = never packed yet */
    int64_t start_ms;
    int64_t rev;      /* of the packed window, as are ... */
    int32_t source;   /* ... the partition of its last share; -1 = none */
    bool final;       /* ... and this */
    bool loaded;      /* the stored state, if any, is in it */
    bool dirty;       /* on the dirty list */
    bool listed;      /* on the list of the unpacked ones */
    uint32_t touched; /* flush round of the last use */
    uint32_t hash;
    uint16_t packed_size;
    uint8_t sensor_len, device_len;
    char text[]; /* sensor, NUL, device id, NUL */
};

struct span window_entry_sensor(const struct window_entry *w);
struct span window_entry_device(const struct window_entry *w);

/* Zero-initialise, and give it a seed. */
struct window_table {
    struct window_entry **slot; /* owned; the entries are the caller's */
    size_t size, count;         /* size is 0 or a power of two */
    uint64_t seed;
};

/* The slot of the key, or NULL. */
struct window_entry *window_table_find(const struct window_table *t, struct span device_id,
                                       struct span sensor, int64_t start_ms);
/* Brings what a later find of the key touches closer to the processor, one step a call: its slot,
 * the entry, what is packed in it. Each step needs that the one before has had time to arrive. */
enum window_prefetch { PREFETCH_SLOT, PREFETCH_ENTRY, PREFETCH_PACKED };
void window_table_prefetch(const struct window_table *t, struct span device_id, struct span sensor,
                           int64_t start_ms, enum window_prefetch step);
/* Makes an entry that is not there yet, all zero but its key. */
struct window_entry *window_table_add(struct window_table *t, struct span device_id,
                                      struct span sensor, int64_t start_ms);
/* Takes the entry of that slot out; another one may have moved into the slot afterwards. */
void window_table_remove(struct window_table *t, size_t slot);
void window_table_deinit(struct window_table *t);

#endif
