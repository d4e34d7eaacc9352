/* Where the requests go: a small URL parser, and the resolver. */
#include "tools/load/target.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/num.h"

static int bad_url(struct err *e, const char *url, const char *why)
{
    return err_set(e, ERR_INVALID, "--base-url '%s': %s", url, why);
}

static bool printable(const char *url)
{
    for (; *url; url++) {
        if (*url <= ' ' || *url > '~') {
            return false;
        }
    }
    return true;
}

static bool copy(struct span from, char *to, size_t room)
{
    if (from.len == 0 || from.len >= room) {
        return false;
    }
    memcpy(to, from.p, from.len);
    to[from.len] = '\0';
    return true;
}

/* Splits "host:port", "[v6]:port", "host" and "[v6]". */
static bool split_authority(struct span authority, struct span *host, struct span *port)
{
    const char *p = authority.p, *end = p + authority.len, *host_end;
    if (authority.len > 0 && *p == '[') {
        host_end = memchr(p, ']', authority.len);
        if (!host_end) {
            return false;
        }
        *host = span_of(p + 1, (size_t)(host_end - p - 1));
        host_end++;
    } else {
        const char *colon = memchr(p, ':', authority.len);
        host_end = colon ? colon : end;
        *host = span_of(p, (size_t)(host_end - p));
    }
    *port = host_end == end ? span_str("80") : span_of(host_end + 1, (size_t)(end - host_end - 1));
    return host_end == end || *host_end == ':';
}

int target_parse(struct target *t, const char *url, struct err *e)
{
    static const char scheme[] = "http://";
    *t = (struct target){0};
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return bad_url(e, url, "must begin with http:// (there is no TLS here)");
    }
    if (!printable(url) || strpbrk(url, "?#@")) {
        return bad_url(e, url, "must be http://host:port or http://host:port/path");
    }
    const char *start = url + sizeof scheme - 1;
    size_t len = strcspn(start, "/");
    struct span host, port;
    int64_t number;
    t->authority = span_of(start, len);
    if (!split_authority(t->authority, &host, &port) || !copy(host, t->host, sizeof t->host)) {
        return bad_url(e, url, "has no valid host");
    }
    if (!num_parse_i64(port, 1, 65535, &number) || !copy(port, t->port, sizeof t->port)) {
        return bad_url(e, url, "has no valid port (1 to 65535)");
    }
    t->prefix = span_str(start + len);
    while (t->prefix.len > 0 && t->prefix.p[t->prefix.len - 1] == '/') {
        t->prefix.len--;
    }
    return 0;
}

bool target_is_loopback(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)addr;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    if (addr->sa_family != AF_INET6) {
        return false;
    }
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(in6) || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
}

static void keep_addresses(struct target *t, const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a && t->addresses < TARGET_ADDRESSES_MAX;
         a = a->ai_next) {
        struct target_address *kept = &t->address[t->addresses];
        if (a->ai_addrlen <= sizeof kept->addr) {
            memcpy(&kept->addr, a->ai_addr, a->ai_addrlen);
            kept->len = a->ai_addrlen;
            t->addresses++;
        }
    }
}

int target_resolve(struct target *t, bool allow_remote, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(t->host, t->port, &hints, &list);
    if (failed) {
        return err_set(e, ERR_UNAVAILABLE, "cannot resolve %s: %s", t->host, gai_strerror(failed));
    }
    keep_addresses(t, list);
    freeaddrinfo(list);
    for (unsigned i = 0; i < t->addresses && !allow_remote; i++) {
        if (!target_is_loopback((const struct sockaddr *)&t->address[i].addr)) {
            return err_set(e, ERR_INVALID,
                           "%s is not this machine; say --allow-remote if it may be put under load",
                           t->host);
        }
    }
    return t->addresses > 0 ? 0 : err_set(e, ERR_UNAVAILABLE, "%s has no address", t->host);
}
