/* Requests as raw bytes and what must become of each. */
#ifndef WEIR_TESTS_HTTP_REQUEST_CASES_H
#define WEIR_TESTS_HTTP_REQUEST_CASES_H

#include <stddef.h>

struct request_case {
    const char *bytes;
    size_t len;
    int status; /* 0: a good head; WANTS_MORE; else the status of the refusal */
};

enum { WANTS_MORE = 1 };

extern const struct request_case request_cases[];
extern const size_t request_case_count;

#endif
