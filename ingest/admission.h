/* Who may send what: the key of a request, and the devices that it is for. */
#ifndef WEIR_INGEST_ADMISSION_H
#define WEIR_INGEST_ADMISSION_H

#include "common/auth/guard.h"

struct front;

struct admission {
    /* The key that the request came with; NULL when authentication is off. Borrowed, until the next
     * request of this front is admitted. */
    const struct key_record *key;
};

/* Whether the request comes with a key for sending readings. False: it has been answered with 400,
 * 401 or 403. */
bool admission_check(struct front *f, struct http_exchange *ex, struct admission *out);

/* Whether readings of this device may come with the key. */
bool admission_device(const struct admission *a, struct span device_id);
/* Counts a reading that may not. */
void admission_count_forbidden(struct front *f);

#endif
