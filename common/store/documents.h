/* The documents of the store: readings, windows, last states and accounts, to BSON and back. */
#ifndef WEIR_STORE_DOCUMENTS_H
#define WEIR_STORE_DOCUMENTS_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/model/device_state.h"
#include "common/model/ledger.h"
#include "common/model/reading.h"
#include "common/model/rollup.h"
#include "common/model/window.h"
#include "common/store/documents_stats.h"

/* Encoders append to an initialised, empty document. Decoders return false when the document is
 * not of this kind; unknown fields are ignored. Encoding and decoding gives the same bits back. */

/* telemetry_raw. _id is an ObjectId of the twelve id bytes. Sensors stand under their own names;
 * those named like a field of the document (_id, origin, ts, ...) as "sensor-<name>", which no
 * sensor name can be. received_at 0 is left out. */
void document_raw_encode(bson_t *doc, const struct reading *r, const struct reading_id *id,
                         int32_t partition, int64_t offset);

struct document_origin {
    int32_t partition;
    int64_t offset;
};

/* Spans of the reading point into `doc`; digits stay empty. */
bool document_raw_decode(const bson_t *doc, struct reading *r, struct document_origin *origin);

/* aggregated_data. `rev` is the revision that the stored document gets. The totals are what people
 * read; `acc` has what they cannot give back: exact sums, and each partition's own share. */
void document_window_encode(bson_t *doc, struct span device_id, struct span sensor,
                            const struct window *w, int64_t rev, int64_t now_ms);
/* `w` must be initialised (window_init) and empty. */
bool document_window_decode(const bson_t *doc, struct window *w);
/* Whether the totals of the document are those of `w`, its shares; else the first that is not. */
bool document_window_sound(const bson_t *doc, const struct window *w,
                           struct document_stats_pair *wrong);

/* aggregated_1h, aggregated_1d. As a window, but `src` has the revision of each source by its place
 * in the period, and `acc` one element. */
void document_rollup_encode(bson_t *doc, struct span device_id, struct span sensor,
                            const struct rollup *r, int64_t rev, int64_t now_ms);
/* `r` must be initialised (rollup_init) and empty. */
bool document_rollup_decode(const bson_t *doc, struct rollup *r);

/* devices. */
void document_device_encode(bson_t *doc, const struct device_state *d, int64_t rev);
/* `d` must be initialised (device_state_init) and empty. */
bool document_device_decode(const bson_t *doc, struct device_state *d);

/* ledger; _id is "<topic>/<partition>". */
void document_ledger_encode(bson_t *doc, const char *topic, const struct ledger *l, int64_t now_ms);
bool document_ledger_decode(const bson_t *doc, struct ledger *l); /* partition is left alone */
enum { DOCUMENT_LEDGER_ID_MAX = 300 };
void document_ledger_id(char out[DOCUMENT_LEDGER_ID_MAX], const char *topic, int32_t partition);

#endif
