/* What is known about the brokers behind one client, for readiness and the breaker; and where the
 * client's log lines go. Shared by the client, its owner and its companion. Internal. */
#ifndef WEIR_KAFKA_LINK_H
#define WEIR_KAFKA_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kafka/config.h"
#include "common/kafka/threads.h"

struct kafka_link;

/* One reference for the caller. All functions may be called on any thread. Times are monotonic
 * milliseconds. */
struct kafka_link *kafka_link_new(kafka_log_fn log, void *log_arg);
struct kafka_link *kafka_link_ref(struct kafka_link *l);
void kafka_link_unref(struct kafka_link *l); /* NULL is allowed */

/* Hands a line to the log function; nothing after kafka_link_mute, which waits for a call that is
 * under way. */
void kafka_link_log(struct kafka_link *l, int level, const char *facility, const char *message);
void kafka_link_mute(struct kafka_link *l);

/* Of the clients that share the link. */
struct kafka_threads *kafka_link_threads(struct kafka_link *l);

/* A broker answered. */
void kafka_link_ok(struct kafka_link *l, uint64_t now_ms);
/* No broker has answered since `since_ms`. Forgotten when one answered later than that. Returns
 * true when this is news. */
bool kafka_link_failed(struct kafka_link *l, uint64_t since_ms, const char *why);
/* For how long no broker has answered; 0 when nothing is known to be wrong. */
uint64_t kafka_link_down_ms(struct kafka_link *l, uint64_t now_ms);

/* Whether the topics are known; `why` names the one that is not. */
void kafka_link_topics(struct kafka_link *l, bool known, const char *why);
/* Topics known and nothing wrong. `why` (may be NULL) gets a sentence when not. */
bool kafka_link_ready(struct kafka_link *l, char *why, size_t why_size);

#endif
