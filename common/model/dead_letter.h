/* A dead letter: a record that can never be stored, wrapped with why and where it came from. */
#ifndef WEIR_MODEL_DEAD_LETTER_H
#define WEIR_MODEL_DEAD_LETTER_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

enum dead_letter_class { DEAD_POISON, DEAD_EXHAUSTED };

struct dead_letter {
    const char *topic; /* of the original record, borrowed, as all spans here */
    int32_t partition;
    int64_t offset;
    int64_t record_ms;       /* Kafka's time stamp of the record; -1 = none */
    struct span key, value;  /* the original bytes, untouched */
    struct span traceparent; /* may be empty */
    struct span replay;      /* header weir-replay, handed on as it came; may be empty */
    /* 0: value is all of it; else its real length, and value was cut because no broker takes it */
    size_t whole_bytes;
    /* closed set: the names of reading_problem_name, "too_large", "store_refused",
     * "retries_exhausted" */
    const char *reason;
    char message[200]; /* for people: what was wrong, where; UTF-8 */
    enum dead_letter_class class;
    unsigned attempts; /* deliveries tried, at least 1 */
    int64_t failed_at_ms;
    const char *worker; /* consumer group */
};

/* The JSON value of telemetry.dlq (contract.md section 5): original_message when the bytes are
 * UTF-8 with few control characters and no NUL (null for a record without value), else
 * original_message_base64. `failure_reason` is
 * the message, `code` the reason. */
void dead_letter_encode(const struct dead_letter *d, struct buf *out);

struct dead_letter_header {
    const char *name;
    struct span value;
};

enum { DEAD_LETTER_HEADERS_MAX = 12 };

/* The headers of the contract, numbers as decimal text; values live in `storage`, which the caller
 * owns. Returns how many.
 */
unsigned dead_letter_headers(const struct dead_letter *d, struct buf *storage,
                             struct dead_letter_header out[DEAD_LETTER_HEADERS_MAX]);

#endif
