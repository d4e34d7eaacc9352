/* The windows and last states held in memory: loaded on first touch, dirty until written. Both are
 * packed, and unpacked only for a moment: to be folded into, joined, or written. Pure. */
#ifndef WEIR_AGGREGATOR_WINDOW_CACHE_H
#define WEIR_AGGREGATOR_WINDOW_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/device_table.h"
#include "aggregator/sensor_names.h"
#include "aggregator/window_table.h"

/* A list of borrowed entries. Zero-initialise. */
struct entry_list {
    void **item;
    size_t count, cap;
};

void entry_list_add(struct entry_list *l, void *entry);
void entry_list_deinit(struct entry_list *l);

/* Goes round the slots of a table and takes what nobody needs, first the long untouched. */
struct eviction {
    size_t slot;          /* looked at next */
    uint32_t idle_rounds; /* taken when untouched for so many; 0 = not begun */
};

struct window_cache {
    struct sensor_names names;
    struct device_table devices;
    struct window_table windows;
    struct entry_list dirty_windows, dirty_devices;
    struct window window;       /* to unpack one; its array is kept */
    struct device_state device; /* the same */
    size_t hand;                /* slot of the windows that is looked at next */
    struct eviction evict_windows, evict_devices;
    uint32_t round; /* counts flushes */
};

void window_cache_init(struct window_cache *c, uint64_t seed);
void window_cache_deinit(struct window_cache *c);

/* The entry for the key, made (not loaded) if it is not there. Owned by the cache; stays where it
 * is until it is evicted, which only window_cache_sweep, _evict and _deinit do. */
struct device_entry *window_cache_device(struct window_cache *c, struct span device_id);
struct window_entry *window_cache_window(struct window_cache *c, struct device_entry *d,
                                         struct span sensor, int64_t start_ms);

/* The same in steps, for who fetches ahead what each step needs. */
struct device_entry *window_cache_take_device(struct window_cache *c, struct span device_id,
                                              uint64_t hash, struct device_entry *guess);
struct window_key window_cache_key(struct window_cache *c, const struct device_entry *d,
                                   struct span sensor, int64_t start_ms);
struct window_entry *window_cache_take_window(struct window_cache *c, const struct window_key *key,
                                              struct window_entry *guess);

/* What the window is of; borrowed from the cache. */
struct span window_cache_device_id(const struct window_cache *c, const struct window_entry *w);
struct span window_cache_sensor(const struct window_cache *c, const struct window_entry *w);

void window_cache_prefetch_names(const struct window_cache *c, const struct window_entry *w);

/* As window_fold and device_state_fold; what has changed is dirty. */
bool window_cache_fold_window(struct window_cache *c, struct window_entry *w,
                              const struct window_sample *sample);
bool window_cache_fold_device(struct window_cache *c, struct device_entry *d, int32_t partition,
                              int64_t offset, const struct reading *r);

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

/* Drops clean entries while more than `max` windows or devices are there: first those long
 * untouched, and devices only without windows. Looks at eight entries for each that is too many,
 * and some: what is not found by then is, in later calls. Not while any are being loaded. */
void window_cache_evict(struct window_cache *c, size_t max);

#endif
