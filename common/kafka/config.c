/* The properties an operator may not change, with the reason, and the check of all others. */
#include "common/kafka/config.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

struct refused_property {
    const char *name, *why;
};

static const char OWN_SETTING[] = "it has a setting of its own";
static const char ACKNOWLEDGED[] = "a reading counts as accepted only when every replica in sync "
                                   "has it";
static const char OWN_COMMITS[] = "positions are committed only after the effects are durable";
static const char LIBRARY_BUG[] = "librdkafka 2.0.2 loses its assignment or hangs with it";

/* Every name that would break the delivery guarantee, aliases included. */
static const struct refused_property refused[] = {
    {"acks", ACKNOWLEDGED},
    {"request.required.acks", ACKNOWLEDGED},
    {"enable.idempotence", ACKNOWLEDGED},
    {"max.in.flight", "more than 5 requests in flight break the order of a device"},
    {"max.in.flight.requests.per.connection",
     "more than 5 requests in flight break the order of a device"},
    {"message.send.max.retries",
     "a message that is not retried is lost at the first leader change"},
    {"retries", "a message that is not retried is lost at the first leader change"},
    {"queuing.strategy", "last in, first out breaks the order of a device"},
    {"delivery.report.only.error", "a request is answered only when its report arrives"},
    {"transactional.id", "exactly-once rests on deterministic keys, not on transactions"},
    {"partitioner", "one device must stay in one partition for clients in every language"},
    {"message.timeout.ms", OWN_SETTING},
    {"delivery.timeout.ms", OWN_SETTING},
    {"queue.buffering.max.messages", OWN_SETTING},
    {"queue.buffering.max.kbytes", OWN_SETTING},
    {"bootstrap.servers", OWN_SETTING},
    {"metadata.broker.list", OWN_SETTING},
    {"group.id", OWN_SETTING},
    {"allow.auto.create.topics", "topics are created with the right number of partitions, or not"},
    {"enable.auto.commit", OWN_COMMITS},
    {"auto.commit.enable", OWN_COMMITS},
    {"enable.auto.offset.store", OWN_COMMITS},
    {"offset.store.method", OWN_COMMITS},
    {"auto.offset.reset", "anything but the earliest offset skips readings silently"},
    {"enable.partition.eof", "end markers are not readings"},
    {"partition.assignment.strategy", LIBRARY_BUG},
    {"log.queue", "log lines would be queued and never read"},
    {"test.mock.num.brokers", "readings would go to a broker that only pretends"},
};

static const struct refused_property *find_refused(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcmp(name, refused[i].name) == 0) {
            return &refused[i];
        }
    }
    return NULL;
}

int kafka_property_check(const char *name, const char *value, struct err *e)
{
    const struct refused_property *row = find_refused(name);
    if (row) {
        return err_set(e, ERR_INVALID, "%s cannot be set: %s", name, row->why);
    }
    char why[256];
    rd_kafka_conf_t *scratch = rd_kafka_conf_new();
    rd_kafka_conf_res_t result = rd_kafka_conf_set(scratch, name, value, why, sizeof why);
    rd_kafka_conf_destroy(scratch);
    if (result == RD_KAFKA_CONF_UNKNOWN) {
        return err_set(e, ERR_INVALID, "%s is not a property of librdkafka", name);
    }
    if (result != RD_KAFKA_CONF_OK) {
        return err_set(e, ERR_INVALID, "%s: %s", name, why);
    }
    return 0;
}

const char *kafka_library_version(void)
{
    return rd_kafka_version_str();
}
