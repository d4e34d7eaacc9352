/* The threads of one client, and whether they interrupt others when they wake up. */
#include "common/kafka/threads.h"

#include <sched.h>
#include <unistd.h>

/* A policy that an operator has chosen for the process stays. */
static void set_policy(pid_t id, int from, int to)
{
    const struct sched_param none = {0};
    if (sched_getscheduler(id) == from) {
        (void)sched_setscheduler(id, to, &none);
    }
}

void kafka_threads_init(struct kafka_threads *t)
{
    *t = (struct kafka_threads){.count = 0};
    pthread_mutex_init(&t->lock, NULL);
}

void kafka_threads_deinit(struct kafka_threads *t)
{
    pthread_mutex_destroy(&t->lock);
}

void kafka_threads_enter(struct kafka_threads *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->count < KAFKA_THREADS_MAX) {
        t->id[t->count++] = gettid();
        if (t->patient) {
            set_policy(0, SCHED_OTHER, SCHED_BATCH);
        }
    }
    pthread_mutex_unlock(&t->lock);
}

void kafka_threads_leave(struct kafka_threads *t)
{
    const pid_t own = gettid();
    pthread_mutex_lock(&t->lock);
    for (unsigned i = 0; i < t->count; i++) {
        if (t->id[i] == own) {
            t->id[i] = t->id[--t->count];
        }
    }
    pthread_mutex_unlock(&t->lock);
}

/* Under the lock no thread of the list ends, so no number is another's meanwhile. */
void kafka_threads_set_patient(struct kafka_threads *t, bool patient)
{
    pthread_mutex_lock(&t->lock);
    t->patient = patient;
    for (unsigned i = 0; i < t->count; i++) {
        set_policy(t->id[i], patient ? SCHED_OTHER : SCHED_BATCH,
                   patient ? SCHED_BATCH : SCHED_OTHER);
    }
    pthread_mutex_unlock(&t->lock);
}
