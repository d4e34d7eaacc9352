/* The alerter's memory of devices: their states as the store has them, or changed since. */
#ifndef WEIR_ALERTER_CACHE_H
#define WEIR_ALERTER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/map.h"
#include "common/base/span.h"
#include "common/model/alert.h"

struct cached_state {
    struct alert_state *state; /* owned; NULL = no document, and nothing has happened yet */
    bool changed;              /* has to be written */
    bool document_due;         /* the document of its episode has to be written */
    bool replay_seen;          /* a record that it includes already came again since it was read */
    bool touched;              /* is in the list of the current round */
    unsigned counted;          /* entries of the outbox that the metrics include */
};

/* One slot for each rule: most devices are well, so most slots stay empty. */
struct cached_device {
    struct span id; /* lives in the same allocation */
    bool loaded;    /* the slots say what the store says */
    bool wanted;    /* is in the list of the current load */
    struct cached_state slot[];
};

struct alert_cache {
    struct map *devices; /* id -> struct cached_device, owned */
    unsigned rules;      /* slots of each device */
    uint64_t seed;
};

void alert_cache_init(struct alert_cache *cache, unsigned rules, uint64_t seed);
void alert_cache_deinit(struct alert_cache *cache);

/* The entry of a device, made when there is none; valid until alert_cache_drop. */
struct cached_device *alert_cache_of(struct alert_cache *cache, struct span device_id);
size_t alert_cache_count(const struct alert_cache *cache);

/* Forgets what is known of every device, changes too; entries stay valid and are not loaded. */
void alert_cache_forget(struct alert_cache *cache);
/* Frees every entry. */
void alert_cache_drop(struct alert_cache *cache);

/* Puts what was loaded into its slot; takes ownership of `state`, which may be NULL. */
void cached_state_set(struct cached_state *slot, struct alert_state *state);
/* The state of a slot, made fresh when it is empty. */
struct alert_state *cached_state_make(struct cached_state *slot, const struct alert_rule *rule,
                                      struct span device_id);

/* Frees a state that came from alert_store_port.load. */
void alert_loaded_free(struct alert_state *state);

#endif
