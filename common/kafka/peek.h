/* A look at single records of a log, by a client of its own that joins no group. Internal. */
#ifndef WEIR_KAFKA_PEEK_H
#define WEIR_KAFKA_PEEK_H

#include "common/kafka/group.h"

/* peek() of the stream port. */
WEIR_MUST_CHECK int kafka_peek(struct group_client *g, struct stream_peek *items, size_t count,
                               struct err *e);

#endif
