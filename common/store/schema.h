/* The schema of the store: its indexes, and the version that a daemon must understand. */
#ifndef WEIR_STORE_SCHEMA_H
#define WEIR_STORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "common/mongo/mongo.h"

/* Collections whose names are no settings. */
#define STORE_DEVICES      "devices"
#define STORE_HOURS        "aggregated_1h"
#define STORE_DAYS         "aggregated_1d"
#define STORE_ROLLUP_STATE "rollup_state"
#define STORE_LEDGER       "ledger"
#define STORE_META         "meta"
#define STORE_PURGES       "purges"
#define STORE_AUDIT        "audit"
#define STORE_ALERT_STATE  "alert_state"

enum { STORE_SCHEMA_VERSION = 1 };

/* Times to live run from the time of receipt; 0 = kept for ever. */
struct store_schema_options {
    const char *raw, *windows, *alerts; /* collections; borrowed */
    int64_t raw_ttl_ms;                 /* RAW_TTL, 30 days */
    int64_t windows_ttl_ms;             /* AGG_TTL, 90 days */
    int64_t hours_ttl_ms;               /* AGG_1H_TTL, 2 years */
    int64_t days_ttl_ms;                /* AGG_1D_TTL, for ever */
    int64_t alerts_ttl_ms;              /* ALERTS_TTL, 365 days */
    /* Told of each step to a newer version; may be NULL. */
    void (*migrated)(void *arg, int64_t version, const char *what);
    void *arg;
};

/* Brings the store to the version of this program, step by step (`meta` holds it), and makes the
 * indexes. Blocks; may be repeated, also by several daemons at once, and after a crash anywhere.
 * ERR_UNAVAILABLE: try again later. ERR_INVALID: the store was written by a newer version, or an
 * index cannot be made: do not go on. */
WEIR_MUST_CHECK int store_schema_apply(struct mongo *m, const struct store_schema_options *options,
                                       int64_t now_ms, struct err *e);

/* For daemons that write to the store and leave its making to the aggregator: ERR_INVALID when it
 * is newer than this program. */
WEIR_MUST_CHECK int store_schema_check(struct mongo *m, struct err *e);

/* The last part of it: gives a store that has none an identity. */
WEIR_MUST_CHECK int store_schema_identify(struct mongo *m, int64_t now_ms, struct err *e);

/* What this store is known by: 24 hex digits that store_schema_apply put there when it was empty.
 * ERR_NOT_FOUND when it has none: a store that nobody has set up. */
enum { STORE_IDENTITY_MAX = 32 };
WEIR_MUST_CHECK int store_schema_identity(struct mongo *m, char out[STORE_IDENTITY_MAX],
                                          struct err *e);

enum { STORE_SCHEMA_INDEXES = 24 };

/* The table, with the names and periods filled in; returns the number of rows. */
size_t store_schema_indexes(const struct store_schema_options *options,
                            struct mongo_index out[STORE_SCHEMA_INDEXES]);

#endif
