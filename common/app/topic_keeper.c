/* Creates the topics that are missing, in the background, for as long as it takes. */
#include "common/app/topic_keeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/app/thread.h"
#include "common/base/cond.h"
#include "common/base/random.h"
#include "common/base/xmalloc.h"

enum { TRY_MS = 5000, BACKOFF_BASE_MS = 250, BACKOFF_CAP_MS = 5000 };

struct topic_keeper {
    const struct kafka_config *kafka; /* borrowed */
    const struct kafka_topic *topics; /* borrowed */
    size_t count;
    struct log *log; /* borrowed */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop; /* under lock */
};

/* False when it is time to stop. */
static bool pause_ms(struct topic_keeper *k, int64_t ms)
{
    struct timespec until = cond_deadline(ms);
    pthread_mutex_lock(&k->lock);
    int rc = 0;
    while (!k->stop && rc == 0)
        rc = pthread_cond_timedwait(&k->wake, &k->lock, &until);
    bool go_on = !k->stop;
    pthread_mutex_unlock(&k->lock);
    return go_on;
}

static void *keep(void *arg)
{
    struct topic_keeper *k = arg;
    struct rng rng;
    rng_seed(&rng, random_seed());
    for (unsigned attempt = 0;; attempt++) {
        struct err e = {0};
        if (kafka_topics_ensure(k->kafka, k->topics, k->count, TRY_MS, &e) == 0)
            break;
        bool away = e.code == ERR_UNAVAILABLE || e.code == ERR_TIMEOUT;
        enum log_level level = !away ? LOG_WARN : attempt == 0 ? LOG_INFO : LOG_DEBUG;
        log_event(k->log, level, "topics_not_created", LOG_STR("reason", e.message),
                  LOG_INT("attempt", attempt + 1));
        if (!pause_ms(k, backoff_ms(&rng, attempt, BACKOFF_BASE_MS, BACKOFF_CAP_MS)))
            return NULL;
    }
    log_event(k->log, LOG_DEBUG, "topics_ready", LOG_INT("topics", (int64_t)k->count));
    return NULL;
}

struct topic_keeper *topic_keeper_new(const struct kafka_config *kafka,
                                      const struct kafka_topic *topics, size_t count,
                                      struct log *log)
{
    struct topic_keeper *k = xcalloc(1, sizeof *k);
    k->kafka = kafka;
    k->topics = topics;
    k->count = count;
    k->log = log;
    pthread_mutex_init(&k->lock, NULL);
    cond_init(&k->wake);
    k->thread = thread_start(keep, k);
    return k;
}

void topic_keeper_free(struct topic_keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k);
}
