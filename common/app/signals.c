/* Signals as events: blocked in every thread and read from a descriptor on the loop. */
#include "common/app/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct signals *s = arg;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->on_signal(s->arg, (int)info.ssi_signo);
}

int signals_init(struct signals *s, struct event_base *loop,
                 void (*on_signal)(void *arg, int signo), void *arg, struct err *e)
{
    *s = (struct signals){.fd = -1, .on_signal = on_signal, .arg = arg};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->fd < 0)
        return err_set(e, ERR_IO, "signalfd: %s", strerror(errno));
    s->event = event_new(loop, s->fd, EV_READ | EV_PERSIST, on_readable, s);
    if (!s->event || event_add(s->event, NULL) != 0)
        return err_set(e, ERR_IO, "cannot watch for signals");
    return 0;
}

void signals_deinit(struct signals *s)
{
    if (s->event)
        event_free(s->event);
    if (s->event || s->fd > 0)
        close(s->fd);
    *s = (struct signals){.fd = -1};
}

static void exit_now(int signo)
{
    (void)signo;
    static const char said[] = "stopped at once by a second signal\n";
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    _exit(1);
}

void signals_exit_on_next(void)
{
    struct sigaction action = {.sa_handler = exit_now};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
