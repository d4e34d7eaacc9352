/* weir-ingest as one struct: what it owns, how it starts, drains and stops. */
#ifndef WEIR_INGEST_INGEST_H
#define WEIR_INGEST_INGEST_H

#include "common/app/daemon.h"
#include "common/app/key_keeper.h"
#include "common/app/topic_keeper.h"
#include "common/kafka/topics.h"
#include "ingest/front.h"
#include "ingest/instruments.h"
#include "ingest/limits.h"
#include "ingest/settings.h"

enum { INGEST_TOPICS = 1 };

struct ingest {
    const struct settings *settings; /* borrowed */
    struct daemon *daemon;           /* borrowed */
    struct log *log;                 /* borrowed */
    const struct clock *clock;       /* borrowed */
    struct kafka_config kafka;
    const char *topic_names[INGEST_TOPICS + 1];
    struct kafka_topic topics[INGEST_TOPICS];
    struct event *drain_timer;
    struct topic_keeper *topic_keeper;
    struct instruments instruments;
    struct limits limits;
    struct key_keeper *keys;
    struct daemon_check kafka_check;
    struct daemon_spec spec;
    struct front *fronts;      /* one for each loop; the first is the daemon's own */
    struct daemon_side *sides; /* of the others */
    unsigned workers;          /* how many fronts */
    bool started;
};

/* For struct program. `settings` is a struct settings; everything is borrowed until ingest_free. */
WEIR_MUST_CHECK int ingest_new(void **out, const void *settings, const struct options *options,
                               struct daemon *daemon, struct err *e);
/* After daemon_run: waits for what is in flight, logs the totals. */
bool ingest_free(void *ingest);

const struct daemon_spec *ingest_spec(void *ingest);

#endif
