/* Numbers for people: times with a unit that fits. */
#ifndef WEIR_LOAD_FIGURES_H
#define WEIR_LOAD_FIGURES_H

#include <stdint.h>

#include "common/base/buf.h"

/* Three digits that matter: "812 us", "1.84 ms", "61.2 ms", "3.05 s". */
void figures_time(struct buf *out, uint64_t ns);

#endif
