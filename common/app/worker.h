/* A thread that runs a step machine beside the loop until it is done or told to give up. */
#ifndef WEIR_APP_WORKER_H
#define WEIR_APP_WORKER_H

#include <stdbool.h>

struct worker;

/* Calls step(arg) again and again until it returns false, then done(arg), on the new thread. */
struct worker *worker_new(const char *name, bool (*step)(void *arg), void (*done)(void *arg),
                          void *arg);
/* Ends it after the step in progress, without done(), and waits for the thread. */
void worker_free(struct worker *w);

#endif
