/* The alerter's memory of devices: their states as the store has them, or changed since. */
#include "alerter/cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

void alert_loaded_free(struct alert_state *state)
{
    if (!state)
        return;
    alert_state_deinit(state);
    free(state);
}

static void forget_slots(struct cached_device *device, unsigned rules)
{
    for (unsigned i = 0; i < rules; i++) {
        alert_loaded_free(device->slot[i].state);
        device->slot[i] = (struct cached_state){0};
    }
    device->loaded = device->wanted = false;
}

static bool forget_device(void *arg, struct span key, void *value)
{
    const struct alert_cache *cache = arg;
    (void)key;
    forget_slots(value, cache->rules);
    return true;
}

void alert_cache_init(struct alert_cache *cache, unsigned rules, uint64_t seed)
{
    *cache = (struct alert_cache){.devices = map_new(seed), .rules = rules, .seed = seed};
}

void alert_cache_deinit(struct alert_cache *cache)
{
    if (!cache->devices)
        return;
    alert_cache_forget(cache);
    map_free(cache->devices, free);
    cache->devices = NULL;
}

static struct cached_device *device_new(struct span id, unsigned rules)
{
    size_t head = sizeof(struct cached_device) + rules * sizeof(struct cached_state);
    struct cached_device *device = xcalloc(1, head + id.len + 1);
    char *copy = (char *)device + head;
    memcpy(copy, id.p, id.len);
    device->id = span_of(copy, id.len);
    return device;
}

struct cached_device *alert_cache_of(struct alert_cache *cache, struct span device_id)
{
    struct cached_device *device = map_get(cache->devices, device_id);
    if (!device) {
        device = device_new(device_id, cache->rules);
        map_put(cache->devices, device_id, device);
    }
    return device;
}

size_t alert_cache_count(const struct alert_cache *cache)
{
    return map_count(cache->devices);
}

void alert_cache_forget(struct alert_cache *cache)
{
    map_each(cache->devices, forget_device, cache);
}

void alert_cache_drop(struct alert_cache *cache)
{
    alert_cache_deinit(cache);
    cache->devices = map_new(cache->seed);
}

void cached_state_set(struct cached_state *slot, struct alert_state *state)
{
    alert_loaded_free(slot->state);
    *slot = (struct cached_state){.state = state, .counted = state ? state->outbox_count : 0};
}

struct alert_state *cached_state_make(struct cached_state *slot, const struct alert_rule *rule,
                                      struct span device_id)
{
    if (!slot->state) {
        slot->state = xcalloc(1, sizeof *slot->state);
        alert_state_init(slot->state, rule, device_id);
    }
    return slot->state;
}
