/* What the rate limits say of a request: of its key, and of the devices in it. */
#ifndef WEIR_INGEST_SUBMISSION_LIMITS_H
#define WEIR_INGEST_SUBMISSION_LIMITS_H

#include "ingest/submission_state.h"

/* Whether devices have a limit. If so every item is to be weighed before the first is published: a
 * request is refused as a whole, since nothing in one that got a 2xx has to be sent again. */
bool submission_weighs(const struct submission *s);
/* False: the device of this item is over its limit, and the request is answered (429). What
 * submission_decode returns has been weighed. */
bool submission_weigh(struct submission *s, struct span device_id);
/* The same for the request's key, which is known before its body. */
bool submission_weigh_key(struct submission *s);
/* Takes one reading off both, as it is sent. */
void submission_charge(struct submission *s, struct span device_id);

#endif
