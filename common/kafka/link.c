/* What is known about the brokers behind one client, and where its log lines go. */
#include "common/kafka/link.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"

enum { WHY_MAX = 192 };

struct kafka_link {
    atomic_uint references;
    pthread_mutex_t log_lock; /* held while the log function runs: see kafka_link_mute */
    kafka_log_fn log;
    void *log_arg; /* borrowed */

    /* Read for every message while something is wrong, so kept out of the lock. */
    atomic_uint_least64_t ok_at, down_since; /* down_since 0 = nothing is wrong */
    atomic_bool topics_known;

    struct kafka_threads threads;

    pthread_mutex_t why_lock;
    char down_why[WHY_MAX], topics_why[WHY_MAX];
};

struct kafka_link *kafka_link_new(kafka_log_fn log, void *log_arg)
{
    struct kafka_link *l = xcalloc(1, sizeof *l);
    atomic_init(&l->references, 1);
    pthread_mutex_init(&l->log_lock, NULL);
    pthread_mutex_init(&l->why_lock, NULL);
    kafka_threads_init(&l->threads);
    l->log = log;
    l->log_arg = log_arg;
    snprintf(l->topics_why, sizeof l->topics_why, "no broker has answered yet");
    return l;
}

struct kafka_link *kafka_link_ref(struct kafka_link *l)
{
    atomic_fetch_add(&l->references, 1);
    return l;
}

void kafka_link_unref(struct kafka_link *l)
{
    if (l && atomic_fetch_sub(&l->references, 1) == 1) {
        pthread_mutex_destroy(&l->log_lock);
        pthread_mutex_destroy(&l->why_lock);
        kafka_threads_deinit(&l->threads);
        free(l);
    }
}

struct kafka_threads *kafka_link_threads(struct kafka_link *l)
{
    return &l->threads;
}

void kafka_link_log(struct kafka_link *l, int level, const char *facility, const char *message)
{
    pthread_mutex_lock(&l->log_lock);
    if (l->log) {
        l->log(l->log_arg, level, facility, message);
    }
    pthread_mutex_unlock(&l->log_lock);
}

void kafka_link_mute(struct kafka_link *l)
{
    pthread_mutex_lock(&l->log_lock);
    l->log = NULL;
    pthread_mutex_unlock(&l->log_lock);
}

void kafka_link_ok(struct kafka_link *l, uint64_t now_ms)
{
    atomic_store(&l->ok_at, now_ms);
    if (atomic_load(&l->down_since) != 0) {
        atomic_store(&l->down_since, 0);
    }
}

/* Keeps the earliest time. Returns what was there. */
static uint64_t lower(atomic_uint_least64_t *since, uint64_t to)
{
    uint64_t was = atomic_load(since);
    while (was == 0 || was > to) {
        if (atomic_compare_exchange_weak(since, &was, to)) {
            break;
        }
    }
    return was;
}

bool kafka_link_failed(struct kafka_link *l, uint64_t since_ms, const char *why)
{
    if (since_ms < atomic_load(&l->ok_at)) {
        return false;
    }
    pthread_mutex_lock(&l->why_lock);
    snprintf(l->down_why, sizeof l->down_why, "%s", why);
    pthread_mutex_unlock(&l->why_lock);
    return lower(&l->down_since, since_ms ? since_ms : 1) == 0;
}

uint64_t kafka_link_down_ms(struct kafka_link *l, uint64_t now_ms)
{
    uint64_t since = atomic_load(&l->down_since);
    if (since == 0) {
        return 0;
    }
    return now_ms > since ? now_ms - since : 1;
}

void kafka_link_topics(struct kafka_link *l, bool known, const char *why)
{
    pthread_mutex_lock(&l->why_lock);
    snprintf(l->topics_why, sizeof l->topics_why, "%s", why);
    pthread_mutex_unlock(&l->why_lock);
    atomic_store(&l->topics_known, known);
}

bool kafka_link_ready(struct kafka_link *l, char *why, size_t why_size)
{
    bool down = atomic_load(&l->down_since) != 0;
    if (!down && atomic_load(&l->topics_known)) {
        return true;
    }
    if (why && why_size > 0) {
        pthread_mutex_lock(&l->why_lock);
        snprintf(why, why_size, "%s", down ? l->down_why : l->topics_why);
        pthread_mutex_unlock(&l->why_lock);
    }
    return false;
}
