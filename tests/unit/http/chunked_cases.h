/* Bodies in the chunked coding as raw bytes, and what must become of each. */
#ifndef WEIR_TESTS_HTTP_CHUNKED_CASES_H
#define WEIR_TESTS_HTTP_CHUNKED_CASES_H

#include <stddef.h>

enum { CHUNKS_INCOMPLETE = 1 };

struct chunked_case {
    const char *bytes;
    size_t len;
    int status;         /* 0 = complete, CHUNKS_INCOMPLETE, or of the refusal */
    const char *body;   /* of a complete one */
    size_t left_behind; /* bytes of the next request */
};

extern const struct chunked_case chunked_cases[];
extern const size_t chunked_case_count;

#endif
