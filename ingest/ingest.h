/* weir-ingest as one struct: what it owns, how it starts, drains and stops. */
#ifndef WEIR_INGEST_INGEST_H
#define WEIR_INGEST_INGEST_H

#include "common/app/daemon.h"
#include "common/app/topic_keeper.h"
#include "common/base/random.h"
#include "common/kafka/producer.h"
#include "common/kafka/topics.h"
#include "common/model/reading.h"
#include "ingest/instruments.h"
#include "ingest/pending.h"
#include "ingest/settings.h"
#include "ingest/submission.h"

enum { RANDOM_KEY_MAX = 17, INGEST_TOPICS = 1 };

struct ingest {
    const struct settings *settings; /* borrowed */
    struct daemon *daemon;           /* borrowed */
    struct log *log;                 /* borrowed */
    const struct clock *clock;       /* borrowed */
    struct kafka_config kafka;
    const char *topic_names[INGEST_TOPICS + 1];
    struct kafka_topic topics[INGEST_TOPICS];
    struct kafka_producer *producer;
    struct event *producer_event, *drain_timer;
    struct topic_keeper *topic_keeper;
    struct pending_pool *pending;
    struct instruments instruments;
    struct daemon_check kafka_check;
    struct http_route *routes;
    struct bound_adapter *bound;
    struct daemon_spec spec;
    /* reused by every request */
    struct reading reading;
    struct reading_problems problems;
    struct buf scratch;
    struct rng rng;
};

/* For struct program. `settings` is a struct settings; everything is borrowed until ingest_free. */
WEIR_MUST_CHECK int ingest_new(void **out, const void *settings, const struct options *options,
                               struct daemon *daemon, struct err *e);
/* After daemon_run: waits for what is in flight, logs the totals. */
bool ingest_free(void *ingest);

const struct daemon_spec *ingest_spec(void *ingest);

#endif
