/* One request on its way: from its body through an adapter to the producer. */
#ifndef WEIR_INGEST_SUBMISSION_H
#define WEIR_INGEST_SUBMISSION_H

#include "ingest/submission_refusal.h"
#include "ingest/submission_state.h"

enum {
    IDEMPOTENCY_KEY_MAX = 240, /* bytes; the rest of READING_KEY_MAX is for the item's number */
    SUBMISSION_ITEMS_MAX = 10000,
};

/* An http_admission, for submission_handle too: refuses what Kafka would not take anyway. */
bool submission_admit(struct http_exchange *ex, void *arg);
/* An http_handler; arg is a struct bound_adapter, here and above. */
void submission_handle(struct http_exchange *ex, void *arg);

/* --- for adapters --- */

/* What readings are held to. */
struct reading_rules submission_rules(const struct submission *s, enum reading_mode mode);
/* Whether `items` readings made of `bytes` of body can be sent. False: there is no room for them
 * now, or there never will be; the request is answered. To be asked before the first of many. */
bool submission_has_room(struct submission *s, unsigned items, size_t bytes);
/* Stamps, names and sends one item; whatever becomes of it shows in the answer. False: Kafka does
 * not take it now, which decides over the whole request, so there is no use in going on. */
bool submission_publish(struct submission *s, struct reading *r, unsigned index);
/* An item that is no valid reading, in a request that may have others. */
void submission_reject(struct submission *s, unsigned index,
                       const struct reading_problems *problems);
/* What the adapter keeps for the answer; after the first item. */
struct buf *submission_answer(struct submission *s);
/* One JSON reading as item 0; NULL when it is bad, and then the request is answered. Valid until
 * the next call. */
struct reading *submission_decode(struct submission *s, struct span json, enum reading_mode mode);

/* --- for the producer and the pool --- */

/* A kafka_delivery_fn; arg is the struct front, `opaque` a ticket of pending_expect. */
void submission_delivered(void *arg, void *opaque, int error, const char *reason);
/* A pending_finish_fn: answers. arg is the struct front. */
void submission_finish(void *arg, struct pending *p);

#endif
