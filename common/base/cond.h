/* Condition variables whose deadlines are of the monotonic clock: a step of the wall clock neither
 * ends a wait nor stretches it. */
#ifndef WEIR_BASE_COND_H
#define WEIR_BASE_COND_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Destroyed with pthread_cond_destroy. */
void cond_init(pthread_cond_t *c);

/* For pthread_cond_timedwait on such a variable: so many milliseconds from now; not negative. */
struct timespec cond_deadline(int64_t wait_ms);

#endif
