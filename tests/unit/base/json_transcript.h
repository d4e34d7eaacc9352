/* What the JSON reader sees in a document, as text, in the form of jansson_oracle.h. */
#ifndef WEIR_TESTS_UNIT_BASE_JSON_TRANSCRIPT_H
#define WEIR_TESTS_UNIT_BASE_JSON_TRANSCRIPT_H

#include "common/base/buf.h"
#include "common/base/json.h"

enum transcript {
    TRANSCRIPT_WHOLE,
    TRANSCRIPT_REFUSED,
    TRANSCRIPT_TOO_DEEP, /* refused for its depth, which jansson's is not */
    TRANSCRIPT_BROKEN,   /* the reader contradicts itself: a bug; *why says where */
};

/* Appends to `out` what the reader sees up to the end or its refusal. */
enum transcript json_transcribe(struct span json, struct buf *out, const char **why);

#endif
