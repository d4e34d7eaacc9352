/* weirctl purge, in parts: what goes (purge_store.c), and the command (purge.c). */
#ifndef WEIR_CTL_PURGE_H
#define WEIR_CTL_PURGE_H

#include "common/base/hash.h"
#include "tools/ctl/reach.h"

enum { PURGE_PLACES = 7 };

/* A collection and the field that names the device in it. */
struct purge_place {
    const char *collection, *field; /* borrowed */
    int64_t documents;              /* there, or removed */
};

/* One purge. Its record in `purges` says how many readings of each partition are gone, by which
 * weirctl verify makes up for them; it is written before the first of them is removed, and bounds
 * what is removed, so that a purge can be ended half-way and done again. */
struct purge {
    struct reach *reach; /* borrowed, as the next */
    const char *device;
    char digest[2 * SHA256_BYTES + 1];      /* what the record knows the device by */
    bson_oid_t id;                          /* of the record */
    bool resumed;                           /* the record is that of a purge that was not ended */
    bson_t upto;                            /* {"p3": offset}: readings up to there go */
    struct purge_place place[PURGE_PLACES]; /* the first is that of the readings */
};

void purge_init(struct purge *p, struct reach *r, const struct settings_mongo *m,
                const char *device);
void purge_deinit(struct purge *p);

/* Counts what is there; removes nothing. */
WEIR_MUST_CHECK int purge_count(struct purge *p, struct err *e);
/* Whether anything is stored of the device, or a purge of it was not ended. Counts as purge_count.
 */
WEIR_MUST_CHECK int purge_known(struct purge *p, bool *known, struct err *e);
/* When the device was last heard of; 0 = never. */
WEIR_MUST_CHECK int purge_last_seen(struct purge *p, int64_t *last_seen_ms, struct err *e);
/* How many of its windows are not final: an aggregator still holds them in memory. */
WEIR_MUST_CHECK int purge_open_windows(struct purge *p, int64_t *count, struct err *e);
/* Writes the record, or finds that of a purge that was not ended. */
WEIR_MUST_CHECK int purge_begin(struct purge *p, int64_t now_ms, struct err *e);
/* Removes what the record covers; documents are then those removed. */
WEIR_MUST_CHECK int purge_remove(struct purge *p, struct err *e);
WEIR_MUST_CHECK int purge_end(struct purge *p, int64_t now_ms, struct err *e);

#endif
