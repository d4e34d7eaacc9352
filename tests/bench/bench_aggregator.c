/* The aggregator with a store that takes everything, and what it is held against, each alone.
 * Prints one line of JSON: processor time of the whole process for each reading.
 *
 *   bench_aggregator consume SERVERS TOPIC COUNT   a bare loop around librdkafka's batch queue
 *   bench_aggregator windows SERVERS TOPIC COUNT   the pipeline over the real consumer
 *   bench_aggregator insert MONGO_URL DB COUNT     readings as documents, in bulks of a thousand
 *   bench_aggregator table DEVICES COUNT           two windows a reading, found and folded
 *   bench_aggregator memory DEVICES EACH COUNT     the pipeline over records made here: EACH for a
 *                                                  window, then the device's next minute; 0 = all
 * in one minute, of any device
 */
#include <librdkafka/rdkafka.h>
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/pipeline.h"
#include "common/base/map.h"
#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "common/kafka/consumer.h"
#include "common/store/documents.h"
#include "tests/bench/cpu_seconds.h"

enum { BULK = 1000, TEXT_MAX = 200 };

#define START_MS INT64_C(1763719200000)

static void die(const char *why)
{
    fprintf(stderr, "bench_aggregator: %s\n", why);
    exit(1);
}

static uint64_t window_writes; /* to the store that takes everything */

static void print_result(double cpu, double seconds, uint64_t count)
{
    printf("{\"cpu_us\":%.4f,\"seconds\":%.4f,\"count\":%llu,\"writes\":%.4f}\n",
           cpu * 1e6 / (double)count, seconds, (unsigned long long)count,
           (double)window_writes / (double)count);
}

static double now_seconds(void)
{
    struct clock clock = clock_system();
    return (double)clock_monotonic_ns(&clock) / 1e9;
}

/* --- a store that takes everything, at once --------------------------------------------------- */

static void nothing(void *self)
{
    (void)self;
}

static void insert_begin(void *self, const struct sink_raw *items, size_t count)
{
    (void)self, (void)items, (void)count;
}

static int insert_finish(void *self, struct sink_raw *items, size_t count, int wait_ms,
                         struct err *e)
{
    (void)self, (void)wait_ms, (void)e;
    for (size_t i = 0; i < count; i++)
        items[i].outcome = RAW_STORED;
    return 0;
}

static int read_windows(void *self, struct sink_window *items, size_t count, struct err *e)
{
    (void)self;
    (void)e;
    for (size_t i = 0; i < count; i++)
        items[i].found = false;
    return 0;
}

static int find_open(void *self, int32_t partition, int64_t until_ms, struct sink_key *out,
                     size_t max, size_t *count, struct err *e)
{
    (void)self, (void)partition, (void)until_ms, (void)out, (void)max, (void)e;
    *count = 0;
    return 0;
}

static int write_windows(void *self, struct sink_window *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    (void)self, (void)now_ms, (void)e;
    window_writes += count;
    for (size_t i = 0; i < count; i++) {
        items[i].window->rev++;
        items[i].lost = false;
    }
    return 0;
}

static int read_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    (void)self, (void)e;
    for (size_t i = 0; i < count; i++)
        items[i].found = false;
    return 0;
}

static int write_devices(void *self, struct sink_device *items, size_t count, struct err *e)
{
    (void)self, (void)e;
    for (size_t i = 0; i < count; i++) {
        items[i].state->rev++;
        items[i].lost = false;
    }
    return 0;
}

static int identity(void *self, char out[SINK_IDENTITY_MAX], struct err *e)
{
    (void)self, (void)e;
    memcpy(out, "bench", sizeof "bench");
    return 0;
}

static int read_ledger(void *self, int32_t partition, struct ledger *out, struct err *e)
{
    (void)self, (void)partition, (void)out;
    return err_set(e, ERR_NOT_FOUND, "none");
}

static int write_ledgers(void *self, struct sink_ledger *items, size_t count, int64_t now_ms,
                         struct err *e)
{
    (void)self, (void)now_ms, (void)e;
    for (size_t i = 0; i < count; i++)
        items[i].lost = false;
    return 0;
}

static const struct sink null_sink = {.insert_begin = insert_begin,
                                      .insert_finish = insert_finish,
                                      .insert_abandon = nothing,
                                      .read_windows = read_windows,
                                      .find_open = find_open,
                                      .write_windows = write_windows,
                                      .read_devices = read_devices,
                                      .write_devices = write_devices,
                                      .identity = identity,
                                      .read_ledger = read_ledger,
                                      .write_ledgers = write_ledgers};

static struct pipeline *new_pipeline(const struct stream_port *stream)
{
    struct pipeline_config config = pipeline_config_defaults();
    config.max_windows = 8000000;
    config.seed = random_seed();
    struct pipeline_ports ports = {.stream = *stream, .sink = null_sink, .clock = clock_system()};
    return pipeline_new(&config, &ports);
}

static uint64_t records_of(const struct pipeline *p)
{
    return atomic_load(&pipeline_stats(p)->records);
}

/* --- over the real log ------------------------------------------------------------------------ */

static const char *new_group(void)
{
    static char group[64];
    snprintf(group, sizeof group, "bench-%llx", (unsigned long long)random_seed());
    return group;
}

static void windows(const char *servers, const char *topic, uint64_t count)
{
    struct kafka_consumer_options options = {
        .kafka = {.bootstrap_servers = servers, .client_id = "bench"},
        .topic = topic,
        .group = new_group(),
        .session_timeout_ms = 6000,
        .max_poll_interval_ms = 300000,
    };
    struct kafka_consumer *consumer;
    struct err e = {0};
    if (kafka_consumer_new(&consumer, &options, &e))
        die(e.message);
    struct stream_port stream = kafka_consumer_port(consumer);
    struct pipeline *p = new_pipeline(&stream);
    double start = now_seconds();
    while (records_of(p) < count && now_seconds() < start + 120)
        pipeline_step(p);
    if (records_of(p) < count)
        die("the log holds fewer records");
    pipeline_stop(p);
    while (pipeline_step(p))
        ;
    print_result(cpu_seconds(), now_seconds() - start, count);
    pipeline_free(p);
    kafka_consumer_free(consumer);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(why);
}

/* What the aggregator tells the library, so that only what is around it differs. */
static rd_kafka_t *bare_consumer(const char *servers)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", servers);
    set(conf, "group.id", new_group());
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "queued.min.messages", "1000000");
    set(conf, "queued.max.messages.kbytes", "32768");
    set(conf, "fetch.wait.max.ms", "100");
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!rk)
        die(why);
    rd_kafka_poll_set_consumer(rk);
    return rk;
}

static void consume(const char *servers, const char *topic, uint64_t count)
{
    static rd_kafka_message_t *messages[STREAM_BATCH_MAX];
    rd_kafka_t *rk = bare_consumer(servers);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    double start = now_seconds();
    uint64_t taken = 0;
    while (taken < count && now_seconds() < start + 120) {
        ssize_t n = rd_kafka_consume_batch_queue(queue, 100, messages, STREAM_BATCH_MAX);
        for (ssize_t i = 0; i < n; i++) {
            taken += messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(messages[i]);
        }
    }
    if (taken < count)
        die("the log holds fewer records");
    print_result(cpu_seconds(), now_seconds() - start, count);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

/* --- records made here ------------------------------------------------------------------------ */

struct source {
    struct rng rng;
    struct stream_record record[STREAM_BATCH_MAX];
    char text[STREAM_BATCH_MAX][TEXT_MAX], key[STREAM_BATCH_MAX][32];
    uint64_t made, devices, each, limit;
    bool assigned;
    double cpu; /* spent on making them */
};

/* `at_ms` of what it measures; it says that it was received at the same time. */
static size_t write_text(char out[TEXT_MAX], uint64_t device, uint64_t n, int64_t at_ms,
                         uint32_t noise)
{
    char at[TIMESTAMP_TEXT_MAX];
    timestamp_format(at_ms, at);
    return (size_t)snprintf(out, TEXT_MAX,
                            "{\"device_id\":\"sensor-%07llu\",\"ts\":\"%s\","
                            "\"temperature_c\":%u.%02u,\"humidity\":%u.%u,\"seq\":%llu,"
                            "\"received_at\":\"%s\"}",
                            (unsigned long long)device, at, 20 + noise % 10, noise % 100,
                            40 + noise % 20, noise % 10, (unsigned long long)n, at);
}

/* Which device says something at which time. First each one once, so that all are known; then any
 * of them, or all of them in an order that no cache likes, `each` readings in a row. */
static uint64_t choose(struct source *s, uint64_t n, uint32_t noise, int64_t *at_ms)
{
    enum { STEP = 7919 }; /* a prime: it meets every device */
    *at_ms = START_MS + noise % 60000;
    if (n < s->devices)
        return n;
    if (s->each == 0)
        return rng_below(&s->rng, (uint32_t)s->devices);
    uint64_t turn = (n - s->devices) / s->each;
    *at_ms += (int64_t)(turn / s->devices + 1) * 60000;
    return turn % s->devices * STEP % s->devices;
}

static void make_record(struct source *s, size_t i)
{
    uint32_t noise = (uint32_t)rng_u64(&s->rng);
    int64_t at_ms;
    uint64_t n = s->made++, device = choose(s, n, noise, &at_ms);
    size_t key_len =
        (size_t)snprintf(s->key[i], sizeof s->key[i], "sensor-%07llu", (unsigned long long)device);
    s->record[i] = (struct stream_record){
        .partition = 0,
        .offset = (int64_t)n,
        .timestamp_ms = at_ms,
        .key = span_of(s->key[i], key_len),
        .value = span_of(s->text[i], write_text(s->text[i], device, n, at_ms, noise)),
    };
}

static void source_poll(void *self, bool want_records, int timeout_ms, struct stream_poll *out)
{
    (void)timeout_ms;
    struct source *s = self;
    double before = cpu_seconds();
    out->event = STREAM_NOTHING;
    out->count = 0;
    if (!s->assigned) {
        s->assigned = true;
        out->event = STREAM_ASSIGNED;
        out->partitions[out->count++] = 0;
    } else if (want_records && s->made < s->limit) {
        out->event = STREAM_RECORDS;
        out->records = s->record;
        for (; out->count < STREAM_BATCH_MAX && s->made < s->limit; out->count++)
            make_record(s, out->count);
    }
    s->cpu += cpu_seconds() - before;
}

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    (void)self, (void)partition, (void)next_offset;
}

static int position(void *self, int32_t partition, int64_t *next_offset, int64_t *log_start,
                    int64_t *log_end, struct err *e)
{
    (void)self, (void)partition, (void)e;
    *next_offset = *log_start = *log_end = 0;
    return 0;
}

static void run_until(struct pipeline *p, struct source *s, uint64_t limit)
{
    s->limit = limit;
    while (records_of(p) < limit)
        pipeline_step(p);
}

/* On to where everything is written, so that what was taken before is not written while others are
 * measured: of a million devices, two million windows. */
static void run_until_written(struct pipeline *p, struct source *s)
{
    while (atomic_load(&pipeline_stats(p)->oldest_unwritten_ms)) {
        if (records_of(p) >= s->limit)
            s->limit += STREAM_BATCH_MAX;
        pipeline_step(p);
    }
}

static void memory(uint64_t devices, uint64_t each, uint64_t count)
{
    static struct source s;
    s.devices = devices;
    s.each = each;
    rng_seed(&s.rng, 1);
    struct stream_port stream = {.self = &s,
                                 .poll = source_poll,
                                 .release = nothing,
                                 .revoke_done = nothing,
                                 .commit = commit,
                                 .position = position};
    struct pipeline *p = new_pipeline(&stream);
    run_until(p, &s, devices);
    run_until_written(p, &s);
    uint64_t taken = records_of(p);
    double cpu = cpu_seconds() - s.cpu, start = now_seconds();
    window_writes = 0;
    run_until(p, &s, taken + count);
    print_result(cpu_seconds() - s.cpu - cpu, now_seconds() - start, count);
    pipeline_free(p);
}

/* The least that keeps windows: a table, and numbers that are folded. */
static void table(uint64_t devices, uint64_t count)
{
    struct map *map = map_new(1);
    struct rng rng;
    char key[64];
    rng_seed(&rng, 1);
    double before = 0;
    for (uint64_t n = 0; n < devices + count; n++) {
        if (n == devices)
            before = cpu_seconds();
        uint64_t device = n < devices ? n : rng_below(&rng, (uint32_t)devices);
        for (int k = 0; k < 2; k++) {
            size_t len = (size_t)snprintf(key, sizeof key, "%c/sensor-%07llu", 't' + k,
                                          (unsigned long long)device);
            struct window *w = map_get(map, span_of(key, len));
            if (!w) {
                w = calloc(1, sizeof *w);
                window_init(w, START_MS);
                map_put(map, span_of(key, len), w);
            }
            window_fold(w, 0, (int64_t)n, START_MS + (int64_t)(n % 60000), (double)(n % 977) / 10);
        }
    }
    print_result(cpu_seconds() - before, 0, count);
}

/* --- documents -------------------------------------------------------------------------------- */

static void insert_bulk(mongoc_collection_t *c, uint64_t *n, uint64_t count, struct rng *rng)
{
    mongoc_bulk_operation_t *bulk;
    bson_t opts = BSON_INITIALIZER;
    bson_error_t error;
    char text[TEXT_MAX];
    static struct reading r;
    BSON_APPEND_BOOL(&opts, "ordered", false);
    bulk = mongoc_collection_create_bulk_operation_with_opts(c, &opts);
    for (unsigned i = 0; i < BULK && *n < count; i++, (*n)++) {
        struct reading_rules rules = {.mode = READING_CANONICAL, .now_ms = START_MS + 120000};
        struct reading_problems problems = {0};
        size_t len = write_text(text, *n % 500, *n, START_MS + (int64_t)(*n % 60000),
                                (uint32_t)rng_u64(rng));
        if (reading_decode(&r, span_of(text, len), &rules, &problems))
            die("a reading that is none");
        struct reading_id id = reading_id(&r);
        bson_t doc = BSON_INITIALIZER;
        document_raw_encode(&doc, &r, &id, 0, (int64_t)*n);
        mongoc_bulk_operation_insert_with_opts(bulk, &doc, NULL, NULL);
        bson_destroy(&doc);
    }
    if (!mongoc_bulk_operation_execute(bulk, NULL, &error))
        die(error.message);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(&opts);
}

static void insert(const char *url, const char *database, uint64_t count)
{
    mongoc_init();
    struct rng rng;
    rng_seed(&rng, random_seed());
    mongoc_client_t *client = mongoc_client_new(url);
    mongoc_collection_t *c = mongoc_client_get_collection(client, database, "bare");
    double start = now_seconds();
    for (uint64_t n = 0; n < count;)
        insert_bulk(c, &n, count, &rng);
    print_result(cpu_seconds(), now_seconds() - start, count);
    mongoc_collection_drop(c, NULL);
    mongoc_collection_destroy(c);
    mongoc_client_destroy(client);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    uint64_t count = argc > 3 ? strtoull(argv[argc - 1], NULL, 10) : 0;
    if (argc == 5 && strcmp(mode, "consume") == 0)
        consume(argv[2], argv[3], count);
    else if (argc == 5 && strcmp(mode, "windows") == 0)
        windows(argv[2], argv[3], count);
    else if (argc == 5 && strcmp(mode, "insert") == 0)
        insert(argv[2], argv[3], count);
    else if (argc == 4 && strcmp(mode, "table") == 0)
        table(strtoull(argv[2], NULL, 10), count);
    else if (argc == 5 && strcmp(mode, "memory") == 0)
        memory(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), count);
    else
        die("consume|windows|insert|table|memory, see the head of its source");
    return 0;
}
