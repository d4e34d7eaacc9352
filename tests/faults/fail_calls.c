/* Preloaded into a program: its system calls, which fail when they are told to. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/faults/fail_calls.h"

/* CALL(f) asks whether this call of f fails, and how; NEXT(f) is the real one behind it. */
#define CALL(f)                                    \
    static struct fail_call call_of_##f = {#f, 0}; \
    int error = 0;                                 \
    bool fails = fail_now(&call_of_##f, &error)
#define NEXT(f)                 \
    static __typeof__(&f) next; \
    next = next ? next : (__typeof__(&f))dlsym(RTLD_NEXT, #f)

/* What a failed call returns, for functions that move bytes. */
static bool ends(bool fails, int error, ssize_t *result)
{
    if (!fails || error == FAIL_SHORT)
        return false;
    *result = error == FAIL_END ? 0 : -1;
    if (error > 0)
        errno = error;
    return true;
}

static int refuse(int error)
{
    errno = error > 0 ? error : EIO;
    return -1;
}

ssize_t read(int fd, void *bytes, size_t len)
{
    ssize_t result;
    CALL(read);
    NEXT(read);
    if (ends(fails, error, &result))
        return result;
    return next(fd, bytes, fails && len > 1 ? 1 : len);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    ssize_t result;
    CALL(recv);
    NEXT(recv);
    if (ends(fails, error, &result))
        return result;
    return next(fd, bytes, fails && len > 1 ? 1 : len, flags);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t result;
    CALL(write);
    NEXT(write);
    if (ends(fails, error, &result))
        return result;
    return next(fd, bytes, fails && len > 1 ? 1 : len);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    ssize_t result;
    CALL(send);
    NEXT(send);
    if (ends(fails, error, &result))
        return result;
    return next(fd, bytes, fails && len > 1 ? 1 : len, flags);
}

/* The first byte of the first part that has one. */
static struct iovec first_byte(const struct iovec *part, size_t parts)
{
    for (size_t i = 0; i < parts; i++)
        if (part[i].iov_len > 0)
            return (struct iovec){.iov_base = part[i].iov_base, .iov_len = 1};
    return (struct iovec){0};
}

/* The message with one byte of its data alone, which `one` is to hold. */
static struct msghdr cut(const struct msghdr *message, struct iovec *one)
{
    struct msghdr little = *message;
    *one = first_byte(message->msg_iov, message->msg_iovlen);
    little.msg_iov = one;
    little.msg_iovlen = 1;
    return little;
}

ssize_t writev(int fd, const struct iovec *part, int parts)
{
    ssize_t result;
    CALL(writev);
    NEXT(writev);
    if (ends(fails, error, &result))
        return result;
    struct iovec one = first_byte(part, fails ? (size_t)parts : 0);
    return fails ? next(fd, &one, 1) : next(fd, part, parts);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t result;
    CALL(sendmsg);
    NEXT(sendmsg);
    if (ends(fails, error, &result))
        return result;
    struct iovec one;
    struct msghdr little = cut(message, &one);
    return next(fd, fails ? &little : message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t result;
    CALL(recvmsg);
    NEXT(recvmsg);
    if (ends(fails, error, &result))
        return result;
    struct iovec one;
    struct msghdr little = cut(message, &one);
    return next(fd, fails ? &little : message, flags);
}

int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
    CALL(accept4);
    NEXT(accept4);
    return fails ? refuse(error) : next(fd, from, len, flags);
}

int socket(int domain, int type, int protocol)
{
    CALL(socket);
    NEXT(socket);
    return fails ? refuse(error) : next(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    CALL(connect);
    NEXT(connect);
    return fails ? refuse(error) : next(fd, to, len);
}

int bind(int fd, const struct sockaddr *at, socklen_t len)
{
    CALL(bind);
    NEXT(bind);
    return fails ? refuse(error) : next(fd, at, len);
}

int listen(int fd, int backlog)
{
    CALL(listen);
    NEXT(listen);
    return fails ? refuse(error) : next(fd, backlog);
}

int shutdown(int fd, int how)
{
    CALL(shutdown);
    NEXT(shutdown);
    return fails ? refuse(error) : next(fd, how);
}

/* As Linux does: whatever it says, the descriptor is gone. */
int close(int fd)
{
    CALL(close);
    NEXT(close);
    int result = next(fd);
    return fails ? refuse(error) : result;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    CALL(setsockopt);
    NEXT(setsockopt);
    return fails ? refuse(error) : next(fd, level, option, value, len);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
    CALL(getsockopt);
    NEXT(getsockopt);
    return fails ? refuse(error) : next(fd, level, option, value, len);
}

int epoll_create1(int flags)
{
    CALL(epoll_create1);
    NEXT(epoll_create1);
    return fails ? refuse(error) : next(flags);
}

int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    CALL(epoll_ctl);
    NEXT(epoll_ctl);
    return fails ? refuse(error) : next(set, operation, fd, event);
}

int epoll_wait(int set, struct epoll_event *events, int room, int timeout_ms)
{
    CALL(epoll_wait);
    NEXT(epoll_wait);
    return fails ? refuse(error) : next(set, events, room, timeout_ms);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    CALL(poll);
    NEXT(poll);
    return fails ? refuse(error) : next(fds, count, timeout_ms);
}

int eventfd(unsigned start, int flags)
{
    CALL(eventfd);
    NEXT(eventfd);
    return fails ? refuse(error) : next(start, flags);
}

int pipe(int fds[2])
{
    CALL(pipe);
    NEXT(pipe);
    return fails ? refuse(error) : next(fds);
}

int pipe2(int fds[2], int flags)
{
    CALL(pipe2);
    NEXT(pipe2);
    return fails ? refuse(error) : next(fds, flags);
}

ssize_t getrandom(void *bytes, size_t len, unsigned flags)
{
    ssize_t result;
    CALL(getrandom);
    NEXT(getrandom);
    if (ends(fails, error, &result))
        return result;
    return next(bytes, fails && len > 1 ? 1 : len, flags);
}

/* Every command of it takes at most one argument, of a pointer's size. */
int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    CALL(fcntl);
    NEXT(fcntl);
    return fails ? refuse(error) : next(fd, command, argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *arg)
{
    CALL(pthread_create);
    NEXT(pthread_create);
    return fails ? error : next(thread, how, run, arg);
}
