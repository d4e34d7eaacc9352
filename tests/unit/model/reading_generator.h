/* Readings as devices might send them, good more often than not, and damage to them. */
#ifndef WEIR_TESTS_MODEL_READING_GENERATOR_H
#define WEIR_TESTS_MODEL_READING_GENERATOR_H

#include "common/base/buf.h"
#include "common/base/random.h"

/* Replaces the contents of `out` by a document, at most 2 KiB of it. */
void generate_reading(struct rng *rng, struct buf *out);

/* Changes, drops, adds, repeats or copies bytes of a document that is not empty, nor is it then.
 * At most 260 bytes longer. */
void damage_reading(struct rng *rng, struct buf *document);

#endif
