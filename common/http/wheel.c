/* Absolute deadlines of many connections, kept in a timing wheel that is cheap to postpone. */
#include "common/http/wheel.h"

#include <stddef.h>

static int64_t tick_of(int64_t ms)
{
    return ms >> WHEEL_TICK_BITS;
}

static struct wheel_timer *slot_of(struct wheel *w, int64_t tick)
{
    return &w->slot[(uint64_t)tick % WHEEL_SLOTS];
}

static void ring_init(struct wheel_timer *head)
{
    head->prev = head->next = head;
}

static void ring_add(struct wheel_timer *head, struct wheel_timer *t)
{
    t->prev = head->prev;
    t->next = head;
    head->prev->next = t;
    head->prev = t;
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        ring_init(&w->slot[i]);
    w->tick = tick_of(now_ms);
}

void wheel_remove(struct wheel_timer *t)
{
    if (!t->next)
        return;
    t->prev->next = t->next;
    t->next->prev = t->prev;
    t->prev = t->next = NULL;
}

static void place(struct wheel *w, struct wheel_timer *t)
{
    int64_t tick = tick_of(t->due_ms) + 1; /* never early */
    t->tick = tick > w->tick ? tick : w->tick + 1;
    ring_add(slot_of(w, t->tick), t);
}

void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t due_ms)
{
    t->due_ms = due_ms;
    if (due_ms == WHEEL_NEVER || (t->next && t->tick <= tick_of(due_ms) + 1))
        return;
    wheel_remove(t);
    place(w, t);
}

static void run_slot(struct wheel *w, struct wheel_timer *head, int64_t now_ms,
                     void (*fire)(struct wheel_timer *t))
{
    struct wheel_timer ring;
    if (head->next == head)
        return;
    ring = *head; /* taken whole, so that what is placed back here waits for the next round */
    ring.next->prev = ring.prev->next = &ring;
    ring_init(head);
    while (ring.next != &ring) {
        struct wheel_timer *t = ring.next;
        wheel_remove(t);
        if (t->due_ms == WHEEL_NEVER)
            continue;
        if (t->due_ms <= now_ms)
            fire(t);
        else
            place(w, t);
    }
}

void wheel_advance(struct wheel *w, int64_t now_ms, void (*fire)(struct wheel_timer *t))
{
    int64_t target = tick_of(now_ms);
    if (target - w->tick > WHEEL_SLOTS) /* the clock jumped: one round sees every slot */
        w->tick = target - WHEEL_SLOTS;
    while (w->tick < target) {
        w->tick++;
        run_slot(w, slot_of(w, w->tick), now_ms, fire);
    }
}
