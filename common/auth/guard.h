/* The guard of a loop: lets a request in, or answers it with 400, 401 or 403. */
#ifndef WEIR_AUTH_GUARD_H
#define WEIR_AUTH_GUARD_H

#include "common/auth/key_store.h"
#include "common/base/clock.h"
#include "common/http/handler.h"
#include "common/obs/metrics.h"

/* One for each loop. */
struct guard {
    struct key_reader keys;
    const struct clock *clock; /* borrowed */
    struct metric *refused;    /* borrowed: weir_auth_refused_total{reason} */
};

/* The metric of all guards of a process. */
struct metric *guard_metric(struct metrics *m);

void guard_init(struct guard *g, struct key_store *keys, const struct clock *clock,
                struct metric *refused);
void guard_deinit(struct guard *g);

/* True: the request may go on. *key is the key it came with, until the next request of this guard;
 * NULL when authentication is off. False: the request has been answered. */
bool guard_admit(struct guard *g, struct http_exchange *ex, enum scope need,
                 const struct key_record **key);

/* A device that the key is not for: counted here, answered by the caller. */
void guard_count_forbidden(struct guard *g);

#endif
