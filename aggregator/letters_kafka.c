/* Dead letters into telemetry.dlq, in the partition their record came from. */
#include "aggregator/letters_kafka.h"

#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/base/xmalloc.h"

enum {
    SEND_TIMEOUT_MS = 10000,
    CHUNK = 256,
    CHUNK_BYTES = 8 << 20,
    CUT_BYTES = 256 << 10,
    CUT_KEY_BYTES = 1024
};

/* One letter as a message. `value` and `storage` own the bytes the message points to. */
struct parcel {
    struct buf value, storage;
    struct dead_letter_header header[DEAD_LETTER_HEADERS_MAX];
    struct kafka_header kafka_header[DEAD_LETTER_HEADERS_MAX];
};

static void pack(struct parcel *p, struct kafka_message *m, const struct dead_letter *d)
{
    dead_letter_encode(d, &p->value);
    unsigned headers = dead_letter_headers(d, &p->storage, p->header);
    for (unsigned i = 0; i < headers; i++)
        p->kafka_header[i] =
            (struct kafka_header){.name = p->header[i].name, .value = p->header[i].value};
    *m = (struct kafka_message){
        .partition = d->partition,
        .key = d->key,
        .value = buf_view(&p->value),
        .headers = p->kafka_header,
        .header_count = headers,
    };
}

static void unpack(struct parcel *p)
{
    buf_deinit(&p->value);
    buf_deinit(&p->storage);
}

/* A letter that no broker takes is cut, and says so: its origin still tells where the whole record
 * is. An ever so large record must not keep its neighbours from being committed. */
static void cut(struct parcel *p, struct kafka_message *m, const struct dead_letter *whole)
{
    struct dead_letter d = *whole;
    d.whole_bytes = d.value.len;
    if (d.value.len > CUT_BYTES)
        d.value.len = CUT_BYTES;
    d.value.len = utf8_valid(whole->value) ? utf8_cut(d.value, d.value.len) : d.value.len;
    if (d.key.len > CUT_KEY_BYTES)
        d.key.len = CUT_KEY_BYTES;
    unpack(p);
    pack(p, m, &d);
}

static int send_chunk(struct letters_kafka *l, const struct dead_letter *items, size_t count,
                      struct err *e)
{
    struct kafka_message *messages = xcalloc(count, sizeof *messages);
    struct parcel *parcels = xcalloc(count, sizeof *parcels);
    for (size_t i = 0; i < count; i++)
        pack(&parcels[i], &messages[i], &items[i]);
    size_t offender = 0;
    int rc = 0;
    for (size_t tries = 0; tries <= count; tries++) {
        rc = kafka_publisher_send_all(l->publisher, messages, count, SEND_TIMEOUT_MS, &offender, e);
        if (rc != ERR_TOO_LARGE)
            break;
        err_clear(e);
        cut(&parcels[offender], &messages[offender], &items[offender]);
    }
    for (size_t i = 0; i < count; i++)
        unpack(&parcels[i]);
    free(parcels);
    free(messages);
    return rc;
}

/* How many letters from here on go together: bounded in number and, whatever they hold, in memory.
 */
static size_t chunk_of(const struct dead_letter *items, size_t count)
{
    size_t n = 0, bytes = 0;
    while (n < count && n < CHUNK && (n == 0 || bytes < CHUNK_BYTES))
        bytes += items[n++].value.len;
    return n;
}

static int send_all(void *self, const struct dead_letter *items, size_t count, struct err *e)
{
    for (size_t at = 0, n; at < count; at += n) {
        n = chunk_of(items + at, count - at);
        int rc = send_chunk(self, items + at, n, e);
        if (rc)
            return rc;
    }
    return 0;
}

struct letters letters_kafka_port(struct letters_kafka *l)
{
    return (struct letters){.self = l, .send = send_all};
}
