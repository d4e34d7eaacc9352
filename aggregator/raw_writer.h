/* The thread on which raw readings are inserted, so that who hands them over can go on. It is
 * handed one bulk at a time; threads share nothing but that hand. */
#ifndef WEIR_AGGREGATOR_RAW_WRITER_H
#define WEIR_AGGREGATOR_RAW_WRITER_H

#include "aggregator/raw_bulk.h"

struct raw_writer;

struct raw_writer *raw_writer_new(void);
/* Waits for the bulk that is being executed, if there is one: as long as the driver lets a call
 * take. NULL is allowed. */
void raw_writer_free(struct raw_writer *w);

/* Takes ownership. Nothing else may be begun, unless it was abandoned: that is executed first. */
void raw_writer_begin(struct raw_writer *w, struct raw_bulk *b);
/* The executed bulk, owned by the caller; NULL when it is not done within wait_ms. */
struct raw_bulk *raw_writer_finish(struct raw_writer *w, int wait_ms);
/* What was begun is freed, once it is over if it has begun to be executed. Does not wait. */
void raw_writer_abandon(struct raw_writer *w);

#endif
