/* Which call of a running program fails next, and how: a small file that a test maps too. */
#ifndef WEIR_TESTS_FAIL_CALLS_H
#define WEIR_TESTS_FAIL_CALLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FAIL_CALLS_MAGIC UINT32_C(0x4c494146) /* "FAIL" */

enum { FAIL_CALLS_MAX = 48, FAIL_CALLS_NAME = 16 };

/* What fails instead of an errno. */
enum {
    FAIL_SHORT = 0, /* one byte is moved */
    FAIL_END = -1,  /* nothing is, as at the end of a stream */
};

enum fail_threads { FAIL_MAIN = 1, FAIL_OTHERS = 2 };

/* The file named by FAIL_CALLS. To arm: everything but `left` first, then `left`. To disarm: left =
 * 0. The program adds a name with its first call. support/faults.py knows this layout. */
struct fail_control {
    uint32_t magic;
    _Atomic uint32_t threads; /* of enum fail_threads: whose calls count and fail */
    _Atomic uint32_t times;   /* calls in a row that fail */
    _Atomic int32_t error;    /* errno, or FAIL_SHORT, FAIL_END */
    _Atomic int64_t left;     /* 1 = the next call of `name` fails; 0 = none does */
    _Atomic uint32_t fired;   /* calls that were failed */
    char name[FAIL_CALLS_NAME];
    struct {
        char name[FAIL_CALLS_NAME];
        _Atomic uint32_t main, others; /* calls so far */
    } count[FAIL_CALLS_MAX];
};

/* One function that can fail; zero-initialise all but the name. */
struct fail_call {
    const char *name;
    _Atomic int slot; /* in control.count, from 1 */
};

/* Counts this call; true when it is to fail, and *error says how. */
bool fail_now(struct fail_call *call, int *error);

#endif
