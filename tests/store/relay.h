/* A TCP relay in front of the store that can cut the line, refuse, or lose the answers. */
#ifndef WEIR_TESTS_STORE_RELAY_H
#define WEIR_TESTS_STORE_RELAY_H

#include <stdint.h>

enum relay_mode {
    RELAY_PASS,
    RELAY_CUT,         /* connections are reset, new ones too: a killed store */
    RELAY_FREEZE,      /* nothing moves in either direction: a stopped store */
    RELAY_LOSE_ANSWER, /* requests arrive; the first answer is dropped with its connection */
};

struct relay;

/* Listens on a free port of 127.0.0.1 and forwards to host:port. Ends the test when it cannot. */
struct relay *relay_new(const char *host, uint16_t port);
void relay_free(struct relay *r);
uint16_t relay_port(const struct relay *r);
/* RELAY_LOSE_ANSWER goes back to RELAY_PASS by itself after one lost answer. */
void relay_set(struct relay *r, enum relay_mode mode);

#endif
