/* Publishing a few messages and waiting for their delivery reports. */
#include "common/kafka/publish.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/xmalloc.h"

enum { WAITING = 1 }; /* no report yet; codes are 0 or negative */

struct kafka_publisher {
    struct kafka_producer *producer;
    uint32_t call;    /* number of the call under way: reports of an earlier one are too late */
    size_t waiting;   /* reports still to come */
    size_t count;     /* of results */
    int *results;     /* for each message of the call */
    struct err first; /* reason of the first bad report of the call */
};

static uint64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock_monotonic_ms(&clock);
}

/* The opaque of a message names its call and its index in it. */
static void *opaque_of(uint32_t call, size_t index)
{
    return (void *)(uintptr_t)((uint64_t)call << 32 | index);
}

static void on_delivery(void *arg, void *opaque, int error, const char *reason)
{
    struct kafka_publisher *p = arg;
    uint64_t id = (uintptr_t)opaque;
    size_t index = (size_t)(id & UINT32_MAX);
    if (id >> 32 != p->call || index >= p->count || p->results[index] != WAITING) {
        return;
    }
    p->results[index] = error;
    p->waiting--;
    if (error != ERR_OK) {
        err_set(&p->first, error, "%s", reason);
    }
}

int kafka_publisher_new(struct kafka_publisher **out, const struct kafka_producer_options *options,
                        struct err *e)
{
    struct kafka_publisher *p = xcalloc(1, sizeof *p);
    int rc = kafka_producer_new(&p->producer, options, on_delivery, p, e);
    if (rc < 0) {
        free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void kafka_publisher_free(struct kafka_publisher *p)
{
    if (p) {
        p->count = 0; /* late reports have nobody left to tell */
        kafka_producer_free(p->producer);
        free(p->results);
        free(p);
    }
}

bool kafka_publisher_ready(struct kafka_publisher *p, char *why, size_t why_size)
{
    return kafka_producer_ready(p->producer, why, why_size);
}

/* Serves reports, sleeping until there is one. False when the time is up. */
static bool wait_reports(struct kafka_publisher *p, uint64_t end)
{
    uint64_t now = now_ms();
    if (now >= end) {
        return false;
    }
    struct pollfd wait = {.fd = kafka_producer_fd(p->producer), .events = POLLIN};
    poll(&wait, 1, (int)(end - now));
    kafka_producer_poll(p->producer);
    return true;
}

/* A full queue empties with every report. */
static int send_one(struct kafka_publisher *p, const struct kafka_message *message, size_t index,
                    uint64_t end, struct err *e)
{
    struct kafka_message m = *message;
    m.opaque = opaque_of(p->call, index);
    struct err local = {0};
    int rc = kafka_producer_send(p->producer, &m, &local);
    while (rc == ERR_FULL && wait_reports(p, end)) {
        err_clear(&local);
        rc = kafka_producer_send(p->producer, &m, &local);
    }
    if (rc == 0) {
        p->results[index] = WAITING;
        p->waiting++;
        return 0;
    }
    return err_set(e, rc == ERR_FULL ? ERR_UNAVAILABLE : rc, "%s", local.message);
}

static void begin(struct kafka_publisher *p, size_t count)
{
    p->call++;
    p->count = count;
    p->waiting = 0;
    p->results = xreallocarray(p->results, count ? count : 1, sizeof *p->results);
    for (size_t i = 0; i < count; i++) {
        p->results[i] = ERR_UNAVAILABLE;
    }
    err_clear(&p->first);
}

static bool final(int code)
{
    return code == ERR_TOO_LARGE || code == ERR_INVALID;
}

/* Index of the first message with a bad result; count when there is none. */
static size_t first_bad(const struct kafka_publisher *p)
{
    size_t i = 0;
    while (i < p->count && p->results[i] == ERR_OK) {
        i++;
    }
    return i;
}

/* Sends messages[from..to) and waits for their reports. Returns 0 when they came, good or bad. */
static int send_range(struct kafka_publisher *p, const struct kafka_message *messages, size_t from,
                      size_t to, uint64_t end, size_t *offender, struct err *e)
{
    for (size_t i = from; i < to; i++) {
        int rc = send_one(p, &messages[i], i, end, e);
        if (rc < 0) {
            *offender = i;
            return rc;
        }
    }
    while (p->waiting > 0) {
        if (!wait_reports(p, end)) {
            return err_set(e, ERR_UNAVAILABLE, "no delivery report in time");
        }
    }
    return 0;
}

/* A whole batch is refused for one message, and the report does not say which: alone, each shows
 * its own fault. */
static int send_singly(struct kafka_publisher *p, const struct kafka_message *messages,
                       uint64_t end, size_t *offender, struct err *e)
{
    for (size_t i = first_bad(p); i < p->count; i = first_bad(p)) {
        err_clear(&p->first);
        int rc = send_range(p, messages, i, i + 1, end, offender, e);
        if (rc < 0) {
            return rc;
        }
        rc = p->results[i];
        if (rc != ERR_OK) {
            *offender = i;
            return err_set(e, final(rc) ? rc : ERR_UNAVAILABLE, "%s", p->first.message);
        }
    }
    return 0;
}

int kafka_publisher_send_all(struct kafka_publisher *p, const struct kafka_message *messages,
                             size_t count, int timeout_ms, size_t *offender, struct err *e)
{
    size_t unused;
    uint64_t end = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    offender = offender ? offender : &unused;
    kafka_producer_poll(p->producer); /* what is left of an earlier call */
    begin(p, count);
    int rc = send_range(p, messages, 0, count, end, offender, e);
    return rc < 0 ? rc : send_singly(p, messages, end, offender, e);
}
