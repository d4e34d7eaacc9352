/* The windows in memory by their key: each an entry of two cache lines that holds its numbers
 * packed, beside handles of its device and its sensor instead of their names. Pure. */
#ifndef WEIR_AGGREGATOR_WINDOW_TABLE_H
#define WEIR_AGGREGATOR_WINDOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/handle_table.h"
#include "aggregator/pool.h"
#include "common/model/window.h"
#include "common/model/window_pack.h"

enum { WINDOW_ENTRY_BYTES = 100 }; /* what window_pack makes of nearly every window */

/* It stays where it is until it is removed. */
struct window_entry {
    int64_t start_ms;
    int64_t rev;
    uint32_t device, sensor; /* handles */
    uint16_t touched;        /* flush round of the last use, its lower half */
    bool final : 1;
    bool loaded : 1; /* the stored state, if any, is in it */
    bool dirty : 1;  /* on the dirty list */
    bool empty : 1;  /* nothing was packed yet */
    bool apart : 1;  /* it did not fit: `bytes` hold a pointer to what was packed, owned */
    uint8_t bytes[WINDOW_ENTRY_BYTES];
};

/* What a window is found by. */
struct window_key {
    uint32_t device, sensor, hash;
    int64_t start_ms;
};

struct window_table {
    struct pool pool;
    struct handle_table table;
    size_t apart; /* entries that own memory */
    uint64_t seed;
};

void window_table_init(struct window_table *t, uint64_t seed);
void window_table_deinit(struct window_table *t);

/* `device_hash` is that of the device's id. */
struct window_key window_table_key(const struct window_table *t, uint32_t device,
                                   uint64_t device_hash, uint32_t sensor, int64_t start_ms);

/* The entry, or NULL. `guess` may be it, or NULL. */
struct window_entry *window_table_find(const struct window_table *t, const struct window_key *key,
                                       struct window_entry *guess);
/* Makes an entry that is not there yet, empty but for its key. */
struct window_entry *window_table_add(struct window_table *t, const struct window_key *key);
/* Takes the entry of that slot out; another one may have moved into the slot afterwards. */
void window_table_remove(struct window_table *t, size_t slot);

/* As those of device_table. A guess is of use to window_table_find only. */
void window_table_prefetch(const struct window_table *t, const struct window_key *key);
struct window_entry *window_table_guess(const struct window_table *t, const struct window_key *key);
void window_entry_prefetch(const struct window_entry *w);

/* The entry of a slot, or NULL. */
struct window_entry *window_table_slot(const struct window_table *t, size_t slot);

/* window_fold without unpacking, where that can be done; as window_pack_fold. */
enum pack_fold window_entry_fold(struct window_entry *w, const struct window_sample *sample);

/* The window into `out` (initialised). */
void window_entry_unpack(const struct window_entry *w, struct window *out);
/* ... and back, where it may be compressed. */
void window_table_pack(struct window_table *t, struct window_entry *w, struct window *window);

/* The partition of its last share; -1 = none. */
int32_t window_entry_source(const struct window_entry *w);

#endif
