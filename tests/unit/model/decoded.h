/* Readings decoded from short texts, for the tests of the model. */
#ifndef WEIR_TESTS_MODEL_DECODED_H
#define WEIR_TESTS_MODEL_DECODED_H

#include "common/base/span.h"
#include "common/model/reading.h"

/* The server's clock in all tests: 2026-11-21T10:00:00.000Z. Readings may be 5 min ahead. */
#define TEST_NOW_MS INT64_C(1795255200000)

enum { TEST_JSON_MAX = 4096 };

struct decoded {
    int rc;
    struct reading reading;
    struct reading_problems problems;
    char json[TEST_JSON_MAX]; /* what was decoded; the reading points into it */
    size_t len;
};

struct reading_rules test_rules(enum reading_mode mode);

/* Decodes `text`, in which ' stands for ". */
void decode_text(struct decoded *d, enum reading_mode mode, const char *text);
/* Decodes bytes as they are. */
void decode_bytes(struct decoded *d, enum reading_mode mode, struct span bytes);

/* Whether the problems hold this code for this field. */
bool has_problem(const struct decoded *d, enum reading_problem_code code, const char *field);

#endif
