/* Bytes that end at a page that may not be touched, so that reading past them ends the test. */
#ifndef WEIR_TESTS_HTTP_GUARD_H
#define WEIR_TESTS_HTTP_GUARD_H

#include <stddef.h>

struct guard {
    char *start; /* of the mapping */
    size_t size; /* writable part of it */
};

void guard_init(struct guard *g, size_t size);
void guard_deinit(struct guard *g);

/* A copy of the bytes whose last one lies before the guard page. */
char *guard_place(struct guard *g, const void *bytes, size_t len);

#endif
