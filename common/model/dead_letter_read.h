/* A dead letter read back: what was wrong, where it came from, and the original bytes. */
#ifndef WEIR_MODEL_DEAD_LETTER_READ_H
#define WEIR_MODEL_DEAD_LETTER_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* Spans point into the letter or into `storage`. What a letter does not say is empty, or -1. */
struct dead_letter_read {
    struct span original; /* p is NULL when the record had no value, or the letter has none */
    bool truncated;       /* `original` is only the beginning */
    struct span code, message, class, worker;
    int64_t failed_at_ms; /* TIMESTAMP_MIN_MS - 1 when it does not say */
    int64_t attempts;
    struct span topic; /* of the origin */
    int64_t partition, offset;
    struct buf storage; /* owned */
};

/* Zero-initialise; may be read into again and again. Takes the JSON of dead_letter_encode, and that
 * of older writers, whose original_message may be any JSON value (its text is the original then).
 * 0 or ERR_SYNTAX with what is wrong. */
WEIR_MUST_CHECK int dead_letter_read(struct dead_letter_read *d, struct span json, struct err *e);
void dead_letter_read_deinit(struct dead_letter_read *d);

/* What letters of one cause have in common: the code, and the message without its numbers and
 * quotations ("humidity: must be a number, is \"...\""). Appends to `out`. */
void dead_letter_signature(const struct dead_letter_read *d, struct buf *out);

#endif
