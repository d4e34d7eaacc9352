/* Tells the service manager how the daemon is: the datagrams of sd_notify(3), without libsystemd.
 * All of it is best effort: a manager that is gone changes nothing for the daemon. */
#ifndef WEIR_APP_NOTIFY_H
#define WEIR_APP_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/err.h"

enum { NOTIFY_STATUS_MAX = 160 };

struct notify {
    int fd; /* -1: nobody to tell */
    struct sockaddr_un to;
    socklen_t to_len;
    char status[NOTIFY_STATUS_MAX]; /* told last */
};

/* `address` is that of NOTIFY_SOCKET: a path, or "@name" for an abstract one; NULL or empty:
 * nothing is ever sent. ERR_INVALID, ERR_IO: neither. */
WEIR_MUST_CHECK int notify_init(struct notify *n, const char *address, struct err *e);
void notify_deinit(struct notify *n);

/* It listens; also the end of a reload. Dependencies may be away: that is the status. */
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n, uint64_t monotonic_ns);
/* `cause`: "SIGTERM". */
void notify_stopping(struct notify *n, const char *cause);
/* One line; to be called about once a second. Sent when it changes, and each time the watchdog is
 * told that the loop turns. */
void notify_status(struct notify *n, const char *text);

#endif
