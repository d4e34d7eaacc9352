/* The identity of a reading: what makes a retry the same document, and what tells a conflict. */
#include <string.h>

#include "common/model/reading.h"

#include "common/base/hash.h"
#include "common/base/num.h"

/* What is hashed: device id, then key or time and seq, each behind a 0x00 that none of them may
 * hold, so that no two readings give the same bytes. */
struct material {
    char byte[READING_DEVICE_ID_MAX + READING_KEY_MAX + 2 + 2 * NUM_TEXT_MAX];
    size_t len;
};

static void put(struct material *m, struct span text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    if (len > 0) {
        memcpy(m->byte + m->len, text.p, len);
    }
    m->len += len;
}

static void put_i64(struct material *m, int64_t value)
{
    char text[NUM_TEXT_MAX];
    m->byte[m->len++] = '\0';
    put(m, span_of(text, num_format_i64(value, text)), sizeof(text));
}

/* The seconds lead, so that ids sort about as the readings came. */
static void put_seconds(uint8_t out[4], int64_t ts_ms)
{
    int64_t seconds = ts_ms < 0 ? 0 : ts_ms / 1000;
    uint32_t clamped = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(clamped >> (24 - 8 * i));
    }
}

struct reading_id reading_id(const struct reading *r)
{
    struct material m; /* not cleared: it is large, and only what was put into it is hashed */
    m.len = 0;
    struct reading_id id;
    uint8_t hash[SHA256_BYTES];
    size_t stamp = r->key.len > 0 ? 0 : 4;
    put(&m, r->device_id, READING_DEVICE_ID_MAX);
    if (r->key.len > 0) {
        m.byte[m.len++] = '\0';
        put(&m, r->key, READING_KEY_MAX);
    } else {
        put_i64(&m, r->ts_ms);
        if (r->has_seq) {
            put_i64(&m, r->seq);
        }
        put_seconds(id.byte, r->ts_ms);
    }
    hash_sha256(m.byte, m.len, hash);
    memcpy(id.byte + stamp, hash, READING_ID_BYTES - stamp);
    return id;
}

void reading_id_hex(const struct reading_id *id, char out[READING_ID_HEX + 1])
{
    hex_encode(id->byte, READING_ID_BYTES, out);
}

static const struct reading_sensor *find_sensor(const struct reading *r, struct span name)
{
    for (unsigned i = 0; i < r->sensors; i++) {
        if (span_eq(r->sensor[i].name, name)) {
            return &r->sensor[i];
        }
    }
    return NULL;
}

static bool same_sensors(const struct reading *a, const struct reading *b)
{
    if (a->sensors != b->sensors) {
        return false;
    }
    for (unsigned i = 0; i < a->sensors; i++) {
        const struct reading_sensor *other = find_sensor(b, a->sensor[i].name);
        if (!other || other->value != a->sensor[i].value) {
            return false;
        }
    }
    return true;
}

static bool same_state(const struct reading *a, const struct reading *b)
{
    if (a->has_position != b->has_position || a->has_online != b->has_online ||
        a->has_seq != b->has_seq) {
        return false;
    }
    return (!a->has_position || (a->lat == b->lat && a->lon == b->lon)) &&
           (!a->has_online || a->online == b->online) && (!a->has_seq || a->seq == b->seq);
}

bool reading_same_contents(const struct reading *a, const struct reading *b)
{
    return span_eq(a->device_id, b->device_id) && a->ts_ms == b->ts_ms && same_state(a, b) &&
           same_sensors(a, b);
}
