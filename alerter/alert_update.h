/* The update that brings a document of `alerts` up to an episode. */
#ifndef WEIR_ALERTER_ALERT_UPDATE_H
#define WEIR_ALERTER_ALERT_UPDATE_H

#include <bson/bson.h>

#include "alerter/store_port.h"

/* Appends {"_id": ObjectId(episode id)} to an initialised, empty document. */
void alert_update_selector(bson_t *selector, const struct alert_document *d);

/* Appends the update pipeline, array-shaped: {"0": {"$replaceWith": ...}}; for an upsert. It keeps
 * the stored document when its revision is not lower; else it replaces the fields of
 * contract.md section 6, but `acked` and a status "acknowledged" while the alert is active, and
 * adds the transitions that history does not have yet. Fields it does not know are kept. */
void alert_update_pipeline(bson_t *pipeline, const struct alert_document *d);

#endif
