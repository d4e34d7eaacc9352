/* A strict JSON reader (RFC 8259): pulls one token at a time, allocates and copies nothing. */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/num.h"
#include "common/base/span.h"

enum { JSON_DEPTH_MAX = 16 };

enum json_token {
    JSON_TOKEN_ERROR = -1, /* see json_reader.error and .at */
    JSON_TOKEN_END = 0,    /* the document is complete and nothing but white space follows */
    JSON_TOKEN_OBJECT_BEGIN,
    JSON_TOKEN_OBJECT_END,
    JSON_TOKEN_ARRAY_BEGIN,
    JSON_TOKEN_ARRAY_END,
    JSON_TOKEN_KEY,    /* text = the raw bytes between the quotes */
    JSON_TOKEN_STRING, /* likewise */
    JSON_TOKEN_NUMBER, /* text = the digits as written */
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
};

/* Initialise with json_reader_init; the input must outlive the reader and is never written to. */
struct json_reader {
    const char *start, *at, *end;
    struct span text;          /* of the last token, inside the input */
    bool escaped;              /* the last key or string holds a backslash: see json_unescape */
    struct num_decimal number; /* the last token that is one */
    const char *error;         /* why, after JSON_TOKEN_ERROR: a constant sentence part */
    uint32_t object_bits;      /* bit d: level d is an object */
    uint8_t depth;
    uint8_t state;
};

void json_reader_init(struct json_reader *r, const char *json, size_t len);

/* Refused: anything RFC 8259 refuses, invalid UTF-8, lone surrogates, a raw or escaped NUL,
 * deeper than JSON_DEPTH_MAX, more after the document. Duplicate keys are the caller's concern.
 * Iterative: the stack does not grow with the depth. */
enum json_token json_next(struct json_reader *r);

/* Skips the value whose first token was just returned. False after an error. */
bool json_skip(struct json_reader *r, enum json_token first);

/* Decodes the raw text of a key or string that json_next accepted. `out` needs raw.len bytes.
 * Returns the decoded length. */
size_t json_unescape(struct span raw, char *out);

#endif
