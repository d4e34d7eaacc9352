/* Unit tests register themselves, so that a new file is all that a new test needs. */
#ifndef WEIR_TESTS_UNIT_H
#define WEIR_TESTS_UNIT_H

#include <check.h>

typedef void (*unit_fill)(TCase *tc);

void unit_register(const char *name, unit_fill fill);

/* UNIT_CASE(json) { tcase_add_test(tc, refuses_trailing_bytes); } */
#define UNIT_CASE(name)                                            \
    static void unit_fill_##name(TCase *tc);                       \
    __attribute__((constructor)) static void unit_add_##name(void) \
    {                                                              \
        unit_register(#name, unit_fill_##name);                    \
    }                                                              \
    static void unit_fill_##name(TCase *tc)

#endif
