/* Threads that a daemon cannot do without. */
#include "common/app/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pthread_t thread_start(void *(*run)(void *arg), void *arg)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, run, arg);
    if (rc != 0) {
        fprintf(stderr, "cannot start a thread: %s\n", strerror(rc));
        abort();
    }
    return thread;
}
