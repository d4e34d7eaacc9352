/* Tells the service manager how the daemon is: the datagrams of sd_notify(3), without libsystemd.
 */
#include "common/app/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int set_address(struct notify *n, const char *address, struct err *e)
{
    size_t len = strlen(address);
    if ((address[0] != '/' && address[0] != '@') || len < 2 || len >= sizeof n->to.sun_path)
        return err_set(e, ERR_INVALID, "NOTIFY_SOCKET is \"%.120s\", no path and no @name",
                       address);
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, address, len);
    if (address[0] == '@')
        n->to.sun_path[0] = '\0'; /* an abstract name is not NUL-terminated */
    n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return 0;
}

int notify_init(struct notify *n, const char *address, struct err *e)
{
    *n = (struct notify){.fd = -1};
    if (!address || !*address)
        return 0;
    int rc = set_address(n, address, e);
    if (rc != 0)
        return rc;
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return n->fd >= 0 ? 0 : err_set(e, ERR_IO, "socket: %s", strerror(errno));
}

void notify_deinit(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

static void tell(const struct notify *n, const char *text)
{
    if (n->fd >= 0)
        (void)sendto(n->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&n->to,
                     n->to_len);
}

void notify_ready(struct notify *n)
{
    tell(n, "READY=1");
}

void notify_reloading(struct notify *n, uint64_t monotonic_ns)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_ns / 1000);
    tell(n, text);
}

void notify_stopping(struct notify *n, const char *cause)
{
    char text[NOTIFY_STATUS_MAX + 32];
    snprintf(text, sizeof text, "STOPPING=1\nSTATUS=finishing what was begun (%s)", cause);
    tell(n, text);
}

void notify_status(struct notify *n, const char *text)
{
    char message[NOTIFY_STATUS_MAX + 32] = "WATCHDOG=1";
    if (strncmp(n->status, text, sizeof n->status - 1) != 0) {
        snprintf(n->status, sizeof n->status, "%s", text);
        snprintf(message, sizeof message, "WATCHDOG=1\nSTATUS=%s", n->status);
    }
    tell(n, message);
}
