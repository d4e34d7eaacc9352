/* What a batch needs to have read before it can be judged: every rule of every device that is not
 * in the cache. Pure. */
#ifndef WEIR_ALERTER_LOADING_H
#define WEIR_ALERTER_LOADING_H

#include <stddef.h>

#include "alerter/batch.h"
#include "alerter/cache.h"
#include "alerter/round.h"
#include "alerter/rules.h"
#include "alerter/store_port.h"

struct alert_loading {
    struct alert_load *item; /* owned; the rules of device[0], of device[1], ... */
    size_t items, items_cap;
    struct cached_device **device; /* owned list of borrowed entries */
    size_t devices, devices_cap;
};

void alert_loading_init(struct alert_loading *l);
void alert_loading_deinit(struct alert_loading *l);

/* Fills `item`; afterwards give it up or take it. */
void alert_loading_list(struct alert_loading *l, const struct alert_batch *batch,
                        const struct alert_rules *rules);
void alert_loading_give_up(struct alert_loading *l);
/* Moves what was read into the cache. States with untold transitions join the round: somebody
 * stored them and did not live to tell. */
void alert_loading_take(struct alert_loading *l, struct alert_round *round);

#endif
