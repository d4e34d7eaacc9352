/* The thread beside a librdkafka handle that does what may block: metadata and destruction. */
#include "common/kafka/companion.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/cond.h"
#include "common/base/xmalloc.h"

enum {
    CALM_MS = 5000,    /* between two questions while all is well */
    URGENT_MS = 500,   /* while something is wrong */
    STARTING_MS = 100, /* until a broker has answered for the first time */
    ANSWER_MS = 1000,  /* how long a broker may take to answer */
};

struct known_topic {
    rd_kafka_topic_t *rkt; /* owned */
    atomic_int partitions;
};

struct kafka_companion {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping, leave, nudged, done; /* under the lock */
    unsigned references;                /* under the lock: owner and thread */
    rd_kafka_t *rk;                     /* owned by the thread */
    struct kafka_link *link;            /* a reference */
    bool answered;                      /* a broker answered once; the thread's own */
    unsigned topic_count;
    struct known_topic topics[];
};

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

/* Looks into one answer. Returns what is wrong with the topic, or NULL. */
static const char *learn(struct known_topic *topic, const struct rd_kafka_metadata *md)
{
    if (md->topic_cnt < 1) {
        return "not in the answer";
    }
    const rd_kafka_metadata_topic_t *t = &md->topics[0];
    if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return rd_kafka_err2str(t->err);
    }
    if (t->partition_cnt < 1) {
        return "no partitions";
    }
    atomic_store(&topic->partitions, t->partition_cnt);
    return NULL;
}

/* Asks for every topic; stops at the first that gets no answer at all. */
static void ask(struct kafka_companion *c)
{
    bool known = true;
    char why[160] = "";
    for (unsigned i = 0; i < c->topic_count; i++) {
        struct known_topic *topic = &c->topics[i];
        const struct rd_kafka_metadata *md = NULL;
        uint64_t asked_at = now_ms();
        rd_kafka_resp_err_t code = rd_kafka_metadata(c->rk, 0, topic->rkt, &md, ANSWER_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            snprintf(why, sizeof why, "no broker answers: %s", rd_kafka_err2str(code));
            kafka_link_failed(c->link, asked_at, why);
            return;
        }
        const char *wrong = learn(topic, md);
        rd_kafka_metadata_destroy(md);
        if (wrong && known) {
            known = false;
            snprintf(why, sizeof why, "topic %s: %s", rd_kafka_topic_name(topic->rkt), wrong);
        }
    }
    c->answered = true;
    kafka_link_ok(c->link, now_ms());
    kafka_link_topics(c->link, known, why);
}

static int64_t pause_ms(struct kafka_companion *c)
{
    bool well = kafka_link_ready(c->link, NULL, 0);
    return well ? CALM_MS : c->answered ? URGENT_MS : STARTING_MS;
}

/* Waits for the next question. Returns false when it is time to stop. */
static bool rest(struct kafka_companion *c)
{
    struct timespec until = cond_deadline(pause_ms(c)), urgent = cond_deadline(URGENT_MS);
    pthread_mutex_lock(&c->lock);
    int rc = 0;
    while (!c->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&c->changed, &c->lock, c->nudged ? &urgent : &until);
    }
    c->nudged = false;
    bool go_on = !c->stopping;
    pthread_mutex_unlock(&c->lock);
    return go_on;
}

static void destroy_handle(struct kafka_companion *c)
{
    for (unsigned i = 0; i < c->topic_count; i++) {
        if (c->topics[i].rkt) {
            rd_kafka_topic_destroy(c->topics[i].rkt);
        }
    }
    bool leave = c->leave && rd_kafka_type(c->rk) == RD_KAFKA_CONSUMER;
    if (leave) {
        rd_kafka_consumer_close(c->rk);
    }
    rd_kafka_destroy_flags(c->rk, leave ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* The last of owner and thread frees. */
static void unref(struct kafka_companion *c)
{
    pthread_mutex_lock(&c->lock);
    bool last = --c->references == 0;
    pthread_mutex_unlock(&c->lock);
    if (last) {
        kafka_link_unref(c->link);
        pthread_cond_destroy(&c->changed);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

static void *run(void *arg)
{
    struct kafka_companion *c = arg;
    do {
        ask(c);
    } while (rest(c));
    destroy_handle(c);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    unref(c);
    return NULL;
}

/* Signals belong to the daemon's loop. */
static int start_thread(struct kafka_companion *c, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&c->thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : err_set(e, ERR_IO, "Kafka client: thread: %s", strerror(rc));
}

static int open_topics(struct kafka_companion *c, const char *const *names, struct err *e)
{
    for (unsigned i = 0; i < c->topic_count; i++) {
        c->topics[i].rkt = rd_kafka_topic_new(c->rk, names[i], NULL);
        if (!c->topics[i].rkt) {
            return err_set(e, ERR_INVALID, "topic \"%s\": %s", names[i],
                           rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    return 0;
}

int kafka_companion_start(struct kafka_companion **out, rd_kafka_t *rk, const char *const *topics,
                          struct kafka_link *link, struct err *e)
{
    unsigned count = 0;
    while (topics[count]) {
        count++;
    }
    struct kafka_companion *c = xcalloc(1, sizeof *c + count * sizeof c->topics[0]);
    c->rk = rk;
    c->topic_count = count;
    c->link = kafka_link_ref(link);
    c->references = 2;
    cond_init(&c->changed);
    pthread_mutex_init(&c->lock, NULL);
    int rc = open_topics(c, topics, e);
    if (rc == 0) {
        rc = start_thread(c, e);
    }
    if (rc < 0) {
        destroy_handle(c);
        c->references = 1;
        unref(c);
        return rc;
    }
    *out = c;
    return 0;
}

rd_kafka_topic_t *kafka_companion_topic(struct kafka_companion *c, unsigned topic)
{
    return c->topics[topic].rkt;
}

int32_t kafka_companion_partitions(struct kafka_companion *c, unsigned topic)
{
    return atomic_load(&c->topics[topic].partitions);
}

void kafka_companion_nudge(struct kafka_companion *c)
{
    pthread_mutex_lock(&c->lock);
    c->nudged = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

bool kafka_companion_stop(struct kafka_companion *c, bool leave, int wait_ms)
{
    struct timespec until = cond_deadline(wait_ms);
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    c->leave = leave;
    pthread_cond_broadcast(&c->changed);
    int rc = 0;
    while (!c->done && rc == 0) {
        rc = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    }
    bool done = c->done;
    pthread_mutex_unlock(&c->lock);
    if (done) {
        pthread_join(c->thread, NULL);
    } else {
        pthread_detach(c->thread);
    }
    unref(c);
    return done;
}
