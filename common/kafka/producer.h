/* An idempotent producer whose delivery reports arrive on the caller's event loop. */
#ifndef WEIR_KAFKA_PRODUCER_H
#define WEIR_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/kafka/config.h"

struct kafka_producer_options {
    struct kafka_config kafka;
    const char *const
        *topics;             /* topics to prepare (metadata is fetched at start); NULL-terminated */
    int linger_ms;           /* 1 */
    int delivery_timeout_ms; /* message.timeout.ms: 5000 */
    unsigned max_messages;   /* own budget of messages in flight: 100000 */
    size_t max_bytes;        /* own budget of key and value bytes in flight: 64 MiB */
    int max_message_bytes;   /* largest message this side hands out; 0 = the 1 MB of librdkafka */
};

/* Called from kafka_producer_poll for each message: error 0 = acknowledged by all in-sync replicas;
 * ERR_UNAVAILABLE or ERR_TIMEOUT = not known to be stored, try again; ERR_TOO_LARGE / ERR_INVALID =
 * the broker will never take it. `opaque` is the one given to produce. */
typedef void (*kafka_delivery_fn)(void *arg, void *opaque, int error, const char *reason);

struct kafka_producer;

/* Never waits for the broker. Returns ERR_INVALID for bad properties. */
WEIR_MUST_CHECK int kafka_producer_new(struct kafka_producer **out,
                                       const struct kafka_producer_options *options,
                                       kafka_delivery_fn on_delivery, void *arg, struct err *e);

/* Readable when there is something to poll. Poll until it returns, then wait again. */
int kafka_producer_fd(const struct kafka_producer *p);
/* Serves delivery reports; never blocks. After a fatal error of the client every message in flight
 * is reported ERR_UNAVAILABLE and a new client takes over, within this call. */
void kafka_producer_poll(struct kafka_producer *p);

struct kafka_message {
    unsigned topic;         /* index into options.topics */
    int32_t partition;      /* -1, or one that the topic does not have = by key (murmur2_random) */
    struct span key, value; /* copied */
    const struct kafka_header *headers;
    unsigned header_count;
    void *opaque;
};

struct kafka_header {
    const char *name;
    struct span value; /* copied */
};

/* ERR_FULL when a budget is used up, ERR_UNAVAILABLE while the breaker is open (no broker has
 * answered for delivery_timeout_ms), ERR_TOO_LARGE; then there is no delivery report. */
WEIR_MUST_CHECK int kafka_producer_send(struct kafka_producer *p, const struct kafka_message *m,
                                        struct err *e);

/* What kafka_producer_send would say now to so many messages, of that many bytes of keys and values
 * in all, as far as the producer itself can tell: 0, ERR_FULL, ERR_UNAVAILABLE; ERR_TOO_LARGE when
 * they would not fit into empty budgets either. For refusing before the work is done. */
WEIR_MUST_CHECK int kafka_producer_may_send(struct kafka_producer *p, unsigned messages,
                                            size_t bytes, struct err *e);

/* While there is much to send: the library's threads do not interrupt the caller's when they wake
 * up, and find more to do when it is through. Beside other programs on the same processor they may
 * wait some milliseconds, so it is not for always. False at first. */
void kafka_producer_set_patient(struct kafka_producer *p, bool patient);

/* --- on any thread, while the producer lives --- */

/* As of the last send or poll. */
unsigned kafka_producer_in_flight(const struct kafka_producer *p);
size_t kafka_producer_in_flight_bytes(const struct kafka_producer *p);

/* No broker has answered for delivery_timeout_ms: nothing is taken. Closes by itself: metadata is
 * asked for twice a second meanwhile, and any answer of a broker is enough. */
bool kafka_producer_breaker_open(const struct kafka_producer *p);

/* For readiness: true once metadata of every topic is known and the last delivery or metadata
 * request did not fail for want of a broker. `why` gets a sentence when false (may be NULL). */
bool kafka_producer_ready(const struct kafka_producer *p, char *why, size_t why_size);

/* --- on the owner's thread --- */

/* Waits up to timeout_ms for everything in flight, serving reports. Returns what is left. */
unsigned kafka_producer_flush(struct kafka_producer *p, int timeout_ms);
/* Reports what is still in flight as ERR_UNAVAILABLE, then frees. */
void kafka_producer_free(struct kafka_producer *p);

/* librdkafka's handle, for tests; another one after a fatal error, NULL while there is none. */
struct rd_kafka_s;
struct rd_kafka_s *kafka_producer_handle(struct kafka_producer *p);

#endif
