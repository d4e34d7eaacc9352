/* Requests as raw bytes and what must become of each. */
#ifndef WEIR_TESTS_HTTP_REQUEST_CASES_H
#define WEIR_TESTS_HTTP_REQUEST_CASES_H

#include <stddef.h>

struct request_case {
    const char *bytes;
    size_t len;
    int status; /* 0: a good head; WANTS_MORE; else the status of the refusal */
};

#define REQUEST_CASE(status, bytes)      \
    {                                    \
        bytes, sizeof(bytes) - 1, status \
    }

enum { WANTS_MORE = 1 };

struct request_table {
    const struct request_case *cases;
    size_t count;
};

extern const struct request_table request_field_cases, request_line_cases;

/* Both tables as one. */
static inline size_t request_case_count(void)
{
    return request_field_cases.count + request_line_cases.count;
}

static inline const struct request_case *request_case_at(size_t i)
{
    return i < request_field_cases.count ? &request_field_cases.cases[i]
                                         : &request_line_cases.cases[i - request_field_cases.count];
}

#endif
