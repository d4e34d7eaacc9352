/* Copies inputs right before a page that may not be read, so that an over-read crashes. */
#ifndef WEIR_TESTS_UNIT_GUARD_H
#define WEIR_TESTS_UNIT_GUARD_H

#include "common/base/span.h"

enum { GUARD_ROOM = 1 << 17 }; /* bytes; longer inputs fail the test */

/* The copy ends at the guard page and lives until the next call. */
struct span guard_place(struct span input);

#endif
