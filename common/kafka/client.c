/* Making librdkafka handles: properties from tables, the operator's last, log lines to the link. */
#include "common/kafka/client.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* librdkafka writes this to the eventfd. */
static const uint64_t ONE = 1;

/* An operator's properties go to consumers and producers alike, so each is told that half of them
 * are of no use to it: that is no news. */
static bool is_noise(const char *facility, const char *message)
{
    return strcmp(facility, "CONFWARN") == 0 &&
           (strstr(message, "is a consumer property") || strstr(message, "is a producer property"));
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *message)
{
    struct kafka_link *link = rd_kafka_opaque(rk);
    if (link && !is_noise(facility, message)) {
        kafka_link_log(link, level, facility, message);
    }
}

static int set_property(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *e)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
        return err_set(e, ERR_INVALID, "%s: %s", name, why);
    }
    return 0;
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_property *list, size_t count,
                   struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        int rc = set_property(conf, list[i].name, list[i].value, e);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static int set_operators(rd_kafka_conf_t *conf, const struct kafka_config *config, struct err *e)
{
    for (size_t i = 0; i < config->property_count; i++) {
        const struct kafka_property *p = &config->properties[i];
        int rc = kafka_property_check(p->name, p->value, e);
        if (rc < 0) {
            return rc;
        }
    }
    return set_all(conf, config->properties, config->property_count, e);
}

rd_kafka_conf_t *kafka_client_conf(const struct kafka_config *config,
                                   const struct kafka_property *ours, size_t count, struct err *e)
{
    const struct kafka_property common[] = {
        {"bootstrap.servers", config->bootstrap_servers},
        {"client.id", config->client_id},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        /* A restarted broker is found again within a second, not within ten. */
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        /* A frozen broker is given up after this, not after a minute. */
        {"socket.timeout.ms", "10000"},
        {"topic.metadata.refresh.interval.ms", "10000"},
        {"log.connection.close", "false"},
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (set_all(conf, common, sizeof common / sizeof common[0], e) < 0 ||
        set_all(conf, ours, count, e) < 0 || set_operators(conf, config, e) < 0) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *rk, rd_kafka_thread_type_t type,
                                           const char *name, void *link)
{
    (void)rk;
    (void)type;
    (void)name;
    kafka_threads_enter(kafka_link_threads(link));
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_thread_exit(rd_kafka_t *rk, rd_kafka_thread_type_t type,
                                          const char *name, void *link)
{
    (void)rk;
    (void)type;
    (void)name;
    kafka_threads_leave(kafka_link_threads(link));
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static const char INTERCEPTOR[] = "weir";

struct birth {
    struct kafka_link *link; /* borrowed */
    bool begun;
};

/* Before the library starts its first thread. */
static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *birth_,
                                  char *why, size_t why_size)
{
    (void)conf;
    (void)why;
    (void)why_size;
    struct birth *birth = birth_;
    struct kafka_link *link = birth->link;
    birth->begun = true;
    rd_kafka_interceptor_add_on_thread_start(rk, INTERCEPTOR, on_thread_start, link);
    return rd_kafka_interceptor_add_on_thread_exit(rk, INTERCEPTOR, on_thread_exit, link);
}

int kafka_client_new(rd_kafka_t **out, rd_kafka_type_t type, const rd_kafka_conf_t *conf,
                     struct kafka_link *link, struct err *e)
{
    char why[256];
    struct birth birth = {.link = link};
    rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
    rd_kafka_conf_set_opaque(copy, link);
    rd_kafka_conf_interceptor_add_on_new(copy, INTERCEPTOR, on_new, &birth);
    *out = rd_kafka_new(type, copy, why, sizeof why); /* takes ownership of copy */
    if (*out) {
        return 0;
    }
    bool system = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    /* A birth that failed half-way has freed the interceptors of the copy, which destroying it
     * would free again (librdkafka #4142): rather lose what is left of it, once. */
    if (!birth.begun) {
        rd_kafka_conf_destroy(copy);
    }
    return err_set(e, system ? ERR_IO : ERR_INVALID, "Kafka client: %s", why);
}

int kafka_client_eventfd(struct err *e)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        return err_set(e, ERR_IO, "eventfd: %s", strerror(errno));
    }
    return fd;
}

void kafka_client_wake_on(rd_kafka_queue_t *queue, int fd)
{
    rd_kafka_queue_io_event_enable(queue, fd, &ONE, sizeof ONE);
    /* The library writes when the first event comes into an empty queue. One that came before this
     * call would never be told of: so begin with a look. */
    ssize_t put = write(fd, &ONE, sizeof ONE);
    (void)put; /* EAGAIN: the reader is to be woken anyway */
}

void kafka_client_eventfd_drain(int fd)
{
    uint64_t value;
    ssize_t got = read(fd, &value, sizeof value);
    (void)got; /* EAGAIN: nothing was pending */
}

void kafka_client_fatal(rd_kafka_t *rk, char *why, size_t why_size)
{
    if (rd_kafka_fatal_error(rk, why, why_size) == RD_KAFKA_RESP_ERR_NO_ERROR && why_size > 0) {
        why[0] = '\0';
    }
}
