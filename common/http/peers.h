/* How many connections each client address has open, so that one cannot take them all. */
#ifndef WEIR_HTTP_PEERS_H
#define WEIR_HTTP_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv4 address, or the first 64 bits of an IPv6 address: a single host commonly has all of
 * those. Exists while it has a connection, so there are never more than connections. */
struct peer;
struct peers;

enum peers_verdict {
    PEERS_WELCOME,
    PEERS_REFUSED, /* over the limit: to be told so */
    PEERS_IGNORED, /* so many are being told so already: to be closed without a word */
};

struct peers *peers_new(unsigned limit, uint64_t seed);
void peers_free(struct peers *p);

/* Counts a connection. *peer is NULL with PEERS_IGNORED, else it goes to peers_leave. */
enum peers_verdict peers_enter(struct peers *p, const struct sockaddr_storage *from,
                               struct peer **peer);
/* `refused`: the verdict was PEERS_REFUSED. */
void peers_leave(struct peers *p, struct peer *peer, bool refused);

#endif
