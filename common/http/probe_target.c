/* What --probe asks: an address and a path. */
#include "common/http/probe_target.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "common/http/address.h"

static const char scheme[] = "http://";

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* An address to listen on need not be one that can be asked. */
static struct span reachable(struct span host)
{
    if (host.len == 0 || span_is(host, "0.0.0.0") || span_is(host, "localhost"))
        return span_str("127.0.0.1");
    return span_is(host, "::") ? span_str("::1") : host;
}

static int set_address(struct probe_target *t, const char *address, struct err *e)
{
    struct span host, port;
    int64_t number = 0;
    if (address_split(address, &host, &port) && num_parse_i64(port, 1, 65535, &number)) {
        host = reachable(host);
        snprintf(t->host, sizeof t->host, "%.*s", (int)host.len, host.p);
        t->port = (uint16_t)number;
        if (host.len < sizeof t->host && is_numeric(t->host))
            return 0;
    }
    return err_set(e, ERR_INVALID,
                   "cannot ask \"%s\"; allowed are a numeric address or localhost, and a port from "
                   "1 to 65535",
                   address);
}

static int set_path(struct probe_target *t, const char *path, struct err *e)
{
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p > '~')
            return err_set(e, ERR_INVALID, "a path is printable ASCII without spaces");
    int len = snprintf(t->path, sizeof t->path, "%s", *path ? path : "/");
    if ((size_t)len >= sizeof t->path)
        return err_set(e, ERR_INVALID, "the path is longer than %d bytes", PROBE_PATH_MAX - 1);
    return 0;
}

/* Without a port: it ends like an IPv6 address, or has no colon at all. */
static bool has_port(struct span authority)
{
    return memchr(authority.p, ':', authority.len) && authority.p[authority.len - 1] != ']';
}

int probe_target_parse(struct probe_target *t, const char *text, const char *listen, struct err *e)
{
    *t = (struct probe_target){0};
    if (text[0] == '/')
        return set_address(t, listen, e) ? ERR_INVALID : set_path(t, text, e);
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return err_set(e, ERR_INVALID,
                       "\"%.100s\" is nothing to ask; allowed are http://ADDRESS:PORT/PATH and "
                       "/PATH",
                       text);
    const char *authority = text + sizeof scheme - 1;
    struct span given = span_of(authority, strcspn(authority, "/"));
    char address[PROBE_HOST_MAX + 16] = "";
    if (given.len > 0 && given.len < PROBE_HOST_MAX)
        snprintf(address, sizeof address, "%.*s%s", (int)given.len, given.p,
                 has_port(given) ? "" : ":80");
    if (set_address(t, address, e) != 0)
        return ERR_INVALID;
    return set_path(t, authority + given.len, e);
}
