/* The documents of `alert_state`: one rule for one device, to BSON and back. */
#ifndef WEIR_ALERTER_STATE_DOCUMENT_H
#define WEIR_ALERTER_STATE_DOCUMENT_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/model/alert.h"

enum { STATE_DOCUMENT_ID_MAX = 64 + 1 + READING_DEVICE_ID_MAX + 1 };

/* "temperature_c_high/dev-1": rule ids have no slash, so it is unambiguous. Returns the length,
 * NUL-terminated. */
size_t state_document_id(char out[STATE_DOCUMENT_ID_MAX], const char *rule_id,
                         struct span device_id);

/* Appends to an initialised, empty document. `rev` is the one that the stored document gets. The
 * same state gives the same bytes. */
void state_document_encode(bson_t *doc, const struct alert_state *state, int64_t rev);

/* `state` must be initialised (alert_state_init, with rule and device) and empty. False when the
 * document is not of this kind. */
bool state_document_decode(const bson_t *doc, struct alert_state *state);

#endif
