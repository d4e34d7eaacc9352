/* One bulk insertion of raw readings: made, executed and read off, each perhaps on another thread,
 * one after the other. */
#ifndef WEIR_AGGREGATOR_RAW_BULK_H
#define WEIR_AGGREGATOR_RAW_BULK_H

#include "aggregator/sink.h"
#include "common/mongo/mongo.h"

struct raw_bulk;

/* Copies all it needs of the items. Holds a client until it is freed; may wait for one, 3 s. */
struct raw_bulk *raw_bulk_new(struct mongo *mongo, const char *collection,
                              const struct sink_raw *items, size_t count);

/* Waits for the store. Once. */
void raw_bulk_execute(struct raw_bulk *b);

/* The answer, for the items it was made of: 0, ERR_UNAVAILABLE or ERR_FAILED as sink.h has it. */
WEIR_MUST_CHECK int raw_bulk_answer(const struct raw_bulk *b, struct sink_raw *items,
                                    struct err *e);

void raw_bulk_free(struct raw_bulk *b); /* NULL is allowed */

#endif
