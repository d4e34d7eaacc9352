/* The event port over the topic alerts.triggered: key device id, so an alert keeps its order. */
#include "alerter/events_kafka.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/xmalloc.h"

enum { SEND_TIMEOUT_MS = 10000, CHUNK = 1000 };

/* The values stand one behind the other in `values`; offsets, because the buffer may move. */
static void encode(const struct alert_event_item *items, size_t count, struct buf *values,
                   struct kafka_message *messages)
{
    for (size_t i = 0; i < count; i++) {
        size_t start = values->len;
        alert_event_encode(items[i].state, items[i].transition, values);
        messages[i] = (struct kafka_message){.partition = -1,
                                             .key = span_str(items[i].state->device_id),
                                             .value = span_of(NULL, values->len - start)};
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        messages[i].value.p = values->data + at;
        at += messages[i].value.len;
    }
}

static int send_chunk(struct alert_events_kafka *k, const struct alert_event_item *items,
                      size_t count, struct err *e)
{
    struct buf values = {0};
    struct kafka_message *messages = xcalloc(count, sizeof *messages);
    encode(items, count, &values, messages);
    int rc = kafka_publisher_send_all(k->publisher, messages, count, SEND_TIMEOUT_MS, NULL, e);
    free(messages);
    buf_deinit(&values);
    return rc;
}

/* An event is small and well-formed; a broker that will never take one is set up wrongly, and that
 * is trouble of the infrastructure too. */
static int publish(void *self, const struct alert_event_item *items, size_t count, struct err *e)
{
    for (size_t at = 0; at < count; at += CHUNK) {
        size_t left = count - at;
        if (send_chunk(self, items + at, left < CHUNK ? left : CHUNK, e) != 0) {
            if (e)
                e->code = ERR_UNAVAILABLE;
            return ERR_UNAVAILABLE;
        }
    }
    return 0;
}

struct alert_event_port alert_events_kafka_port(struct alert_events_kafka *k)
{
    return (struct alert_event_port){.self = k, .publish = publish};
}
