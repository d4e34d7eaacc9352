/* A server on a loop of its own, clients on loopback, and a clock that the test moves. */
#ifndef WEIR_TESTS_HTTP_STAGE_H
#define WEIR_TESTS_HTTP_STAGE_H

#include <check.h>

#include "common/base/buf.h"
#include "common/http/handler.h"
#include "common/http/server.h"

enum { STAGE_HELD_MAX = 256, STAGE_REPORTS_MAX = 64 };

/* Routes:
 *   POST /echo         answers with the body
 *   POST /later        holds the exchange: see `held`        (HTTP_DETAIL)
 *   POST /slow         the same in the other style           (HTTP_PROBLEM)
 *                      both ask before the body: see `refuse`
 *   GET  /big/{bytes}  answers with so many bytes
 *   GET  /fail/{code}  answers with http_reply_error(503)
 *   POST /turn         is answered by the turn hook
 *   GET  /pulse        answers 200, and is vital
 */
struct stage {
    struct event_base *base;
    struct http_router *router;
    struct http_server *server;
    struct event *heartbeat; /* so that the loop always comes back */
    uint64_t now_ns;         /* moved by the test */
    struct http_exchange *held[STAGE_HELD_MAX];
    unsigned holding; /* how many of `held` were given to the handler so far */
    struct http_exchange *for_turn[STAGE_HELD_MAX];
    unsigned waiting; /* of them */
    unsigned handled, turns, reports;
    unsigned asked;                    /* how often was asked to admit a body ... */
    const struct http_problem *refuse; /* ... and its answer; NULL = yes */
    struct http_report report[STAGE_REPORTS_MAX];
};

/* Starts the server; `options` NULL = the defaults with a body limit of 1,000,000. */
void stage_init(struct stage *s, const struct http_server_options *options);
void stage_deinit(struct stage *s); /* after its clients: checks the server's accounts */
struct http_server_options stage_options(void);

void stage_advance(struct stage *s, int64_t ms);
/* One turn of the loop at least; blocks for a few milliseconds when nothing happens. */
void stage_turn(struct stage *s);

/* Repeats turns until the condition holds; fails the test after ten seconds. */
#define stage_until(s, condition)                                            \
    do {                                                                     \
        uint64_t stage_end = clock_now_ms() + 10000;                         \
        while (!(condition)) {                                               \
            ck_assert_msg(clock_now_ms() < stage_end, "never: " #condition); \
            stage_turn(s);                                                   \
        }                                                                    \
    } while (0)

uint64_t clock_now_ms(void); /* of the machine */

struct client {
    struct stage *stage;
    int fd;
    struct buf got;
    bool eof, reset;
};

/* An answer taken off a client's bytes. The spans live until the next one is taken. */
struct got_answer {
    int status;
    struct buf head, body;
};

void client_init(struct client *c, struct stage *s);
void client_init_from(struct client *c, struct stage *s, const char *address); /* of loopback */
void client_deinit(struct client *c);
void client_send(struct client *c, const char *text);
void client_send_bytes(struct client *c, const void *bytes, size_t len);
void client_shutdown(struct client *c); /* half-close */
void client_reset(struct client *c);    /* closes with a reset */
/* Reads what is there. */
void client_poll(struct client *c);
bool client_has(struct client *c, const char *text);
bool client_closed(struct client *c);

/* Runs the loop until a whole answer is there and takes it. Checks the status. */
void client_expect(struct client *c, struct got_answer *a, int status);
/* The same for the answer to HEAD, which has no body whatever Content-Length says. */
void client_expect_head(struct client *c, struct got_answer *a, int status);
/* Runs the loop until the server has closed; nothing more may have come. */
void client_expect_end(struct client *c);
void got_deinit(struct got_answer *a);
/* Value of a header field of the answer; "" when absent. Valid until the next call. */
const char *got_header(const struct got_answer *a, const char *name);
/* Whether it says when to come back, as the server itself says it: in 1 to 5 seconds. */
bool got_retry_after(const struct got_answer *a);
bool got_body_is(const struct got_answer *a, const char *text);

#endif
