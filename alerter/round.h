/* A round: the states that a run of judging touched, on their way to the store and to those who
 * are told. Pure. */
#ifndef WEIR_ALERTER_ROUND_H
#define WEIR_ALERTER_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/batch.h"
#include "alerter/cache.h"
#include "alerter/event_port.h"
#include "alerter/rules.h"
#include "alerter/store_port.h"

/* How often each transition was stored: by rule, severity and event. */
struct alert_transition_counts {
    uint64_t of[ALERT_RULES_MAX][ALERT_CRITICAL + 1][ALERT_EVENT_RESOLVED + 1];
};

struct alert_round {
    struct cached_state **slot; /* owned list of borrowed slots */
    size_t slots, slots_cap;
    const struct alert_state **state; /* what write_states gets */
    size_t states, states_cap;
    struct alert_document *document; /* what write_alerts gets */
    size_t documents, documents_cap;
    struct alert_event_item *event; /* what publish gets */
    size_t events, events_cap;
};

void alert_round_init(struct alert_round *r);
void alert_round_deinit(struct alert_round *r);

/* Puts a slot into the list, once. */
void alert_round_touch(struct alert_round *r, struct cached_state *slot);

/* Judges samples in their order from batch->judged on, until the batch ends or an outbox holds
 * outbox_max transitions. Every device of the batch must be loaded. */
void alert_round_judge(struct alert_round *r, struct alert_batch *batch,
                       const struct alert_rules *rules, unsigned outbox_max);

/* Each fills its list (states, documents, events) and returns whether there is anything in it. */
bool alert_round_list_changed(struct alert_round *r);
bool alert_round_list_documents(struct alert_round *r);
bool alert_round_list_events(struct alert_round *r);
/* Empties the outboxes, whose events have all been acknowledged, and lists their states. */
bool alert_round_list_told(struct alert_round *r);

/* The states of the list are stored: their revs go up, their transitions are counted. */
void alert_round_stored(struct alert_round *r, const struct alert_rules *rules,
                        struct alert_transition_counts *counts);

/* Forgets the list. */
void alert_round_end(struct alert_round *r);

#endif
