/* Absolute deadlines of many connections, kept in a timing wheel that is cheap to postpone. */
#ifndef WEIR_HTTP_WHEEL_H
#define WEIR_HTTP_WHEEL_H

#include <stdint.h>

enum { WHEEL_TICK_BITS = 6, WHEEL_SLOTS = 1024 }; /* 64 ms a slot, 65 s a round */

#define WHEEL_NEVER INT64_MAX

/* Embedded in what has the deadline. Zero-initialise. */
struct wheel_timer {
    struct wheel_timer *prev, *next; /* NULL when in no slot */
    int64_t due_ms;                  /* WHEEL_NEVER = none */
    int64_t tick;                    /* of the slot it waits in; may be earlier than due */
};

struct wheel {
    struct wheel_timer slot[WHEEL_SLOTS]; /* heads of rings */
    int64_t tick;                         /* up to which all is done */
};

void wheel_init(struct wheel *w, int64_t now_ms);

/* A later deadline is only noted: the timer moves on when its old slot comes up. */
void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t due_ms);
void wheel_remove(struct wheel_timer *t);

/* Calls `fire` for each timer that is due. It may set and remove its own timer, no other. */
void wheel_advance(struct wheel *w, int64_t now_ms, void (*fire)(struct wheel_timer *t));

#endif
