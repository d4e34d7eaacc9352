/* What a batch needs to have read before it can be judged: every rule of every device that is not
 * in the cache. */
#include "alerter/loading.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"

void alert_loading_init(struct alert_loading *l)
{
    *l = (struct alert_loading){0};
}

void alert_loading_deinit(struct alert_loading *l)
{
    free(l->item);
    free(l->device);
    alert_loading_init(l);
}

static void list_device(struct alert_loading *l, struct cached_device *device,
                        const struct alert_rules *rules)
{
    if (l->devices == l->devices_cap) {
        l->devices_cap = l->devices_cap ? 2 * l->devices_cap : 64;
        l->items_cap = l->devices_cap * rules->count;
        l->device = xreallocarray(l->device, l->devices_cap, sizeof(struct cached_device *));
        l->item = xreallocarray(l->item, l->items_cap, sizeof *l->item);
    }
    device->wanted = true;
    l->device[l->devices++] = device;
    for (unsigned i = 0; i < rules->count; i++)
        l->item[l->items++] = (struct alert_load){.rule = &rules->rule[i], .device_id = device->id};
}

void alert_loading_list(struct alert_loading *l, const struct alert_batch *batch,
                        const struct alert_rules *rules)
{
    l->items = l->devices = 0;
    for (size_t i = 0; i < batch->samples; i++) {
        struct cached_device *device = batch->sample[i].device;
        if (!device->loaded && !device->wanted)
            list_device(l, device, rules);
    }
}

void alert_loading_give_up(struct alert_loading *l)
{
    for (size_t i = 0; i < l->devices; i++)
        l->device[i]->wanted = false;
    l->items = l->devices = 0;
}

void alert_loading_take(struct alert_loading *l, struct alert_round *round)
{
    size_t rules = l->devices ? l->items / l->devices : 0;
    for (size_t i = 0; i < l->items; i++) {
        struct cached_state *slot = &l->device[i / rules]->slot[i % rules];
        cached_state_set(slot, l->item[i].state);
        if (!slot->state || slot->state->outbox_count == 0)
            continue;
        slot->document_due = true;
        alert_round_touch(round, slot);
    }
    for (size_t i = 0; i < l->devices; i++)
        l->device[i]->loaded = true;
    alert_loading_give_up(l);
}
