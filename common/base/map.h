/* A hash map from byte strings to pointers; seeded, so that hostile keys cannot collide it. */
#ifndef WEIR_BASE_MAP_H
#define WEIR_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

struct map;

/* `seed` comes from the random port of the daemon; tests pass a fixed one. */
struct map *map_new(uint64_t seed);
/* Frees the map and its copies of the keys. Values are freed with `free_value` unless it is NULL.
 */
void map_free(struct map *m, void (*free_value)(void *value));

void *map_get(const struct map *m, struct span key); /* NULL when absent */
/* Copies the key. Returns the value that was there before, or NULL. `value` must not be NULL. */
void *map_put(struct map *m, struct span key, void *value);
void *map_remove(struct map *m, struct span key); /* returns the value, or NULL when absent */
size_t map_count(const struct map *m);

/* Visits every entry in insertion order. The visitor may remove the entry it is given, nothing
 * else; it returns false to stop. */
void map_each(struct map *m, bool (*visit)(void *arg, struct span key, void *value), void *arg);

#endif
