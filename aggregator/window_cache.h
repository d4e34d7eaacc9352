/* The windows and last states held in memory: loaded on first touch, dirty until written. Pure. */
#ifndef WEIR_AGGREGATOR_WINDOW_CACHE_H
#define WEIR_AGGREGATOR_WINDOW_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/map.h"
#include "common/model/device_state.h"
#include "common/model/window.h"

struct window_entry {
    struct window window;
    char *device_id, *sensor; /* owned, NUL-terminated */
    bool loaded;              /* the stored state, if any, is in `window` */
    bool dirty;               /* on the dirty list */
    uint32_t touched;         /* flush round of the last use */
};

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
    struct map *windows, *devices;
    struct entry_list dirty_windows, dirty_devices;
    uint32_t round; /* counts flushes */
};

void window_cache_init(struct window_cache *c, uint64_t seed);
void window_cache_deinit(struct window_cache *c);

/* The entry for the key, made (not loaded) if it is not there. Owned by the cache; stays where it
 * is until it is evicted, which only window_cache_evict and _deinit do. */
struct window_entry *window_cache_window(struct window_cache *c, struct span device_id,
                                         struct span sensor, int64_t start_ms);
struct device_entry *window_cache_device(struct window_cache *c, struct span device_id);

void window_cache_mark_window(struct window_cache *c, struct window_entry *w);
void window_cache_mark_device(struct window_cache *c, struct device_entry *d);

/* Marks every window as final whose start is `open_ms` or more before the watermark of the
 * partition that its last reading came from, and dirty if that is new. */
void window_cache_finalize(struct window_cache *c, int64_t open_ms,
                           int64_t (*watermark)(void *arg, int32_t partition), void *arg);

/* Drops clean entries until at most `max` windows and `max` devices are left: first the final and
 * long untouched ones. Only when nothing is being loaded. */
void window_cache_evict(struct window_cache *c, size_t max);

#endif
