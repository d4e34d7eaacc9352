/* Threads that a daemon cannot do without. */
#ifndef WEIR_APP_THREAD_H
#define WEIR_APP_THREAD_H

#include <pthread.h>

/* Starts a thread to be joined by the caller. Without memory for one there is nothing to run on:
 * says so and ends the process, as xmalloc does. */
pthread_t thread_start(void *(*run)(void *arg), void *arg);

#endif
