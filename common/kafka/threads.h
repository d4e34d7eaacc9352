/* The threads of one client, and whether they interrupt others when they wake up. Internal.
 *
 * librdkafka wakes its broker's thread for the first message of each partition. Where that thread
 * shares a processor with the sender, it comes in between with one message in its hands instead of
 * all that the sender is about to send. A patient thread (SCHED_BATCH) has its full share of the
 * processor but waits until who runs there is through; beside other programs that keep the
 * processor busy it therefore waits longer, so patience pays only while there is much to do. */
#ifndef WEIR_KAFKA_THREADS_H
#define WEIR_KAFKA_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

enum { KAFKA_THREADS_MAX = 64 }; /* further ones stay as they are */

struct kafka_threads {
    pthread_mutex_t lock;
    pid_t id[KAFKA_THREADS_MAX];
    unsigned count;
    bool patient;
};

/* All functions but these two may be called on any thread. */
void kafka_threads_init(struct kafka_threads *t);
void kafka_threads_deinit(struct kafka_threads *t);

/* To be called on a thread as it begins and as it ends. */
void kafka_threads_enter(struct kafka_threads *t);
void kafka_threads_leave(struct kafka_threads *t);

/* For those that are there and those to come. Best effort. */
void kafka_threads_set_patient(struct kafka_threads *t, bool patient);

#endif
