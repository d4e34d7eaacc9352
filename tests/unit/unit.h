/* Unit tests register themselves, so that a new file is all that a new test needs. */
#ifndef WEIR_TESTS_UNIT_H
#define WEIR_TESTS_UNIT_H

#include <check.h>
#include <stdint.h>

typedef void (*unit_fill)(TCase *tc);

void unit_register(const char *name, unit_fill fill);

/* A number of rounds: that of the environment's variable, else `fallback`. Ends the test when the
 * variable is no number from 1 to 1000000000. */
int64_t unit_wanted(const char *variable, int64_t fallback);

/* UNIT_CASE(json) { tcase_add_test(tc, refuses_trailing_bytes); } */
#define UNIT_CASE(name)                                            \
    static void unit_fill_##name(TCase *tc);                       \
    __attribute__((constructor)) static void unit_add_##name(void) \
    {                                                              \
        unit_register(#name, unit_fill_##name);                    \
    }                                                              \
    static void unit_fill_##name(TCase *tc)

#endif
