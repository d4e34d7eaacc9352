/* The life of a client's connection: opened, read, settled at the end of each turn, closed. */
#ifndef WEIR_HTTP_CONNECTION_H
#define WEIR_HTTP_CONNECTION_H

#include <sys/socket.h>

struct connection;
struct http_server;
struct wheel_timer;

/* Takes ownership of the descriptor, which is non-blocking. */
void connection_open(struct http_server *s, int fd, const struct sockaddr_storage *from);

/* The end of a turn in which it was touched: writes, takes what waited, and may free it. */
void connection_settle(struct connection *c);

/* Looks for requests and end of stream that have come, and closes what is idle. */
void connection_drain(struct connection *c);

void connection_fire(struct wheel_timer *t);
void connection_free(struct connection *c);

#endif
