/* Calls from other threads, carried out on the loop's thread in the order they were posted. */
#include "common/app/mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/xmalloc.h"

struct letter {
    struct letter *next;
    void (*fn)(void *arg);
    void *arg; /* borrowed */
};

static struct letter *take_all(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct letter *all = m->first;
    m->first = NULL;
    m->last = &m->first;
    pthread_mutex_unlock(&m->lock);
    return all;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    uint64_t count;
    (void)!read(fd, &count, sizeof count);
    struct letter *l = take_all(arg);
    while (l) {
        struct letter *next = l->next;
        l->fn(l->arg);
        free(l);
        l = next;
    }
}

int mailbox_init(struct mailbox *m, struct event_base *loop, struct err *e)
{
    pthread_mutex_init(&m->lock, NULL);
    m->first = NULL;
    m->last = &m->first;
    m->event = NULL;
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd < 0)
        return err_set(e, ERR_IO, "eventfd: %s", strerror(errno));
    m->event = event_new(loop, m->fd, EV_READ | EV_PERSIST, on_wake, m);
    if (!m->event || event_add(m->event, NULL) != 0)
        return err_set(e, ERR_IO, "cannot watch an eventfd");
    return 0;
}

void mailbox_deinit(struct mailbox *m)
{
    if (!m->last)
        return; /* never initialised */
    if (m->event)
        event_free(m->event);
    if (m->fd >= 0)
        close(m->fd);
    for (struct letter *l = take_all(m), *next; l; l = next) {
        next = l->next;
        free(l);
    }
    pthread_mutex_destroy(&m->lock);
}

void mailbox_post(struct mailbox *m, void (*fn)(void *arg), void *arg)
{
    struct letter *l = xmalloc(sizeof *l);
    *l = (struct letter){.fn = fn, .arg = arg};
    pthread_mutex_lock(&m->lock);
    *m->last = l;
    m->last = &l->next;
    pthread_mutex_unlock(&m->lock);
    const uint64_t one = 1;
    (void)!write(m->fd, &one, sizeof one);
}
