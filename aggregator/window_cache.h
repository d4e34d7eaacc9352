/* The windows and last states held in memory: loaded on first touch, dirty until written. A window
 * is unpacked from its first touch until it is written, and packed else. Pure. */
#ifndef WEIR_AGGREGATOR_WINDOW_CACHE_H
#define WEIR_AGGREGATOR_WINDOW_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/window_table.h"
#include "common/base/map.h"
#include "common/model/device_state.h"

struct device_entry {
    struct device_state state;
    bool loaded, dirty;
    uint32_t touched;
};

/* A list of borrowed entries. Zero-initialise. */
struct entry_list {
    void **item;
    size_t count, cap;
};

void entry_list_add(struct entry_list *l, void *entry);
void entry_list_deinit(struct entry_list *l);

struct window_cache {
    struct window_table windows;
    struct map *devices;
    struct entry_list dirty_windows, dirty_devices;
    struct entry_list unpacked; /* windows, and some that are packed again */
    struct entry_list spare;    /* struct window, to be used again; owned */
    size_t hand;                /* slot of the table that is looked at next */
    uint32_t round;             /* counts flushes */
};

void window_cache_init(struct window_cache *c, uint64_t seed);
void window_cache_deinit(struct window_cache *c);

/* The entry for the key, made (not loaded) if it is not there, and unpacked. Owned by the cache;
 * stays where it is until it is evicted, which only window_cache_sweep, _evict and _deinit do. */
struct window_entry *window_cache_window(struct window_cache *c, struct span device_id,
                                         struct span sensor, int64_t start_ms);
struct device_entry *window_cache_device(struct window_cache *c, struct span device_id);

/* Its window, unpacked. */
struct window *window_cache_open(struct window_cache *c, struct window_entry *w);
/* Packs the window, if it is not dirty, ... */
void window_cache_pack(struct window_cache *c, struct window_entry *w);
/* ... and all that are not. */
void window_cache_pack_all(struct window_cache *c);

void window_cache_mark_window(struct window_cache *c, struct window_entry *w);
void window_cache_mark_device(struct window_cache *c, struct device_entry *d);

/* When windows become final: `open_ms` after their start, by the watermark of the partition that
 * their last reading came from. */
struct window_clock {
    int64_t open_ms;
    int64_t (*watermark)(void *arg, int32_t partition); /* INT64_MIN = not known */
    void *arg;
};

/* Marks the window as final if it is time, and dirty if that is new. */
void window_cache_finalize(struct window_cache *c, struct window_entry *w,
                           const struct window_clock *clock);

/* Looks at a part of the windows, so that every one has its turn within thirty calls: marks those
 * that are final, and drops those that are final and written. Not while any are being loaded. */
void window_cache_sweep(struct window_cache *c, const struct window_clock *clock);

/* Drops clean entries when more than `max` windows or devices are there: first the final and long
 * untouched ones. Not while any are being loaded. */
void window_cache_evict(struct window_cache *c, size_t max);

#endif
