/* How many connections each client address has open, so that one cannot take them all. */
#include "common/http/peers.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/xmalloc.h"

enum {
    KEY_BYTES = 9,    /* family, then 4 or 8 bytes of address */
    REFUSED_MAX = 16, /* of one address, open only to be told so */
};

struct peer {
    unsigned welcome, refused;
    char key[KEY_BYTES];
};

struct peers {
    unsigned limit;
    struct map *by_address; /* seeded: addresses are the clients' choice */
};

static void make_key(char key[KEY_BYTES], const struct sockaddr_storage *from)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
    const struct sockaddr_in *four = (const struct sockaddr_in *)from;
    memset(key, 0, KEY_BYTES);
    if (from->ss_family == AF_INET) {
        key[0] = 4;
        memcpy(key + 1, &four->sin_addr, 4);
    } else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        key[0] = 4;
        memcpy(key + 1, six->sin6_addr.s6_addr + 12, 4);
    } else if (from->ss_family == AF_INET6) {
        key[0] = 6;
        memcpy(key + 1, &six->sin6_addr, 8);
    }
}

struct peers *peers_new(unsigned limit, uint64_t seed)
{
    struct peers *p = xcalloc(1, sizeof *p);
    p->limit = limit;
    p->by_address = map_new(seed);
    return p;
}

void peers_free(struct peers *p)
{
    if (!p)
        return;
    map_free(p->by_address, free);
    free(p);
}

enum peers_verdict peers_enter(struct peers *p, const struct sockaddr_storage *from,
                               struct peer **peer)
{
    char key[KEY_BYTES];
    make_key(key, from);
    struct peer *known = map_get(p->by_address, span_of(key, KEY_BYTES));
    bool refused = known && known->welcome >= p->limit;
    *peer = NULL;
    if (refused && known->refused >= REFUSED_MAX)
        return PEERS_IGNORED;
    if (!known) {
        known = xcalloc(1, sizeof *known);
        memcpy(known->key, key, KEY_BYTES);
        map_put(p->by_address, span_of(key, KEY_BYTES), known);
    }
    (*(refused ? &known->refused : &known->welcome))++;
    *peer = known;
    return refused ? PEERS_REFUSED : PEERS_WELCOME;
}

void peers_leave(struct peers *p, struct peer *peer, bool refused)
{
    (*(refused ? &peer->refused : &peer->welcome))--;
    if (peer->welcome + peer->refused > 0)
        return;
    map_remove(p->by_address, span_of(peer->key, KEY_BYTES));
    free(peer);
}
