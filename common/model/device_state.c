/* The last state of a device: what a reading adds to it, and the join of two states. */
#include "common/model/device_state.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

void device_state_init(struct device_state *d, struct span device_id)
{
    *d = (struct device_state){.rev = 0};
    span_copy(device_id, d->device_id, sizeof d->device_id);
}

void device_state_deinit(struct device_state *d)
{
    free(d->sensor);
    free(d->share);
    d->sensor = NULL;
    d->share = NULL;
    d->sensors = d->sensors_cap = d->shares = d->shares_cap = 0;
}

/* --- shares -------------------------------------------------------------------------------- */

static unsigned share_position(const struct device_state *d, int32_t partition)
{
    unsigned i = 0;
    while (i < d->shares && d->share[i].partition < partition) {
        i++;
    }
    return i;
}

/* Finds the share of the partition; a new one has read nothing yet. */
static struct device_share *share_of(struct device_state *d, int32_t partition)
{
    unsigned i = share_position(d, partition);
    if (i < d->shares && d->share[i].partition == partition) {
        return &d->share[i];
    }
    if (d->shares == d->shares_cap) {
        d->shares_cap = d->shares_cap > 0 ? d->shares_cap * 2 : 1;
        d->share = xreallocarray(d->share, d->shares_cap, sizeof(*d->share));
    }
    memmove(&d->share[i + 1], &d->share[i], (d->shares - i) * sizeof(*d->share));
    d->shares++;
    d->share[i] = (struct device_share){.partition = partition, .src = -1};
    return &d->share[i];
}

uint64_t device_state_readings(const struct device_state *d)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < d->shares; i++) {
        sum += d->share[i].readings;
    }
    return sum;
}

const struct cadence *device_state_cadence(const struct device_state *d)
{
    const struct cadence *newest = NULL;
    for (unsigned i = 0; i < d->shares; i++) {
        const struct cadence *c = &d->share[i].cadence;
        if (!newest || (c->started && (!newest->started || c->last_ms > newest->last_ms))) {
            newest = c;
        }
    }
    return newest;
}

/* --- sensors ------------------------------------------------------------------------------- */

static int compare_names(const char *a, struct span b)
{
    int order = strncmp(a, b.p, b.len);
    return order != 0 ? order : a[b.len] != '\0';
}

static unsigned sensor_position(const struct device_state *d, struct span name)
{
    unsigned low = 0, high = d->sensors;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (compare_names(d->sensor[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The one that goes first when there are too many: longest silent, then last by name. */
static unsigned weakest_sensor(const struct device_state *d)
{
    unsigned weakest = 0;
    for (unsigned i = 1; i < d->sensors; i++) {
        if (d->sensor[i].ts_ms <= d->sensor[weakest].ts_ms) {
            weakest = i;
        }
    }
    return weakest;
}

/* Keeping the strongest by (time, name) is independent of the order: whatever is among them in the
 * end was among them ever since its newest value came. False when there is no room for this one. */
static bool make_room(struct device_state *d, struct span name, int64_t ts_ms)
{
    if (d->sensors < DEVICE_SENSORS_MAX) {
        return true;
    }
    unsigned i = weakest_sensor(d);
    const struct device_sensor *weakest = &d->sensor[i];
    bool weaker = ts_ms < weakest->ts_ms ||
                  (ts_ms == weakest->ts_ms && compare_names(weakest->name, name) < 0);
    if (weaker) {
        return false;
    }
    d->sensors--;
    memmove(&d->sensor[i], &d->sensor[i + 1], (d->sensors - i) * sizeof(*d->sensor));
    return true;
}

static void insert_sensor(struct device_state *d, struct span name, int64_t ts_ms, double value)
{
    if (!make_room(d, name, ts_ms)) {
        return;
    }
    unsigned i = sensor_position(d, name);
    if (d->sensors == d->sensors_cap) {
        d->sensors_cap = d->sensors_cap > 0 ? d->sensors_cap * 2 : 4;
        d->sensor = xreallocarray(d->sensor, d->sensors_cap, sizeof(*d->sensor));
    }
    memmove(&d->sensor[i + 1], &d->sensor[i], (d->sensors - i) * sizeof(*d->sensor));
    d->sensors++;
    d->sensor[i] = (struct device_sensor){.value = value, .ts_ms = ts_ms};
    memcpy(d->sensor[i].name, name.p, name.len);
}

/* -0 and 0 are equal: which stayed must not depend on the order, so only 0 does. */
static double one_zero(double value)
{
    return value == 0 ? 0.0 : value;
}

void device_sensor_take(double *value, int64_t *value_ms, int64_t ts_ms, double newer)
{
    if (ts_ms > *value_ms || (ts_ms == *value_ms && newer > *value)) {
        *value_ms = ts_ms;
        *value = one_zero(newer);
    }
}

static void take_sensor(struct device_state *d, struct span name, int64_t ts_ms, double value)
{
    unsigned i = sensor_position(d, name);
    if (i == d->sensors || compare_names(d->sensor[i].name, name) != 0) {
        insert_sensor(d, name, ts_ms, one_zero(value));
    } else {
        device_sensor_take(&d->sensor[i].value, &d->sensor[i].ts_ms, ts_ms, value);
    }
}

/* --- the join ------------------------------------------------------------------------------
 *
 * Every field is the largest of what came, in some order that is total; so folding and joining are
 * the same few functions, and neither order nor repetition shows. */

static int order_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_double(double a, double b)
{
    return (a > b) - (a < b);
}

static void take_receipt(struct device_state *d, int64_t first_ms, int64_t last_ms, int64_t skew_ms)
{
    if (last_ms == 0) {
        return;
    }
    d->first_seen_ms =
        d->first_seen_ms == 0 || first_ms < d->first_seen_ms ? first_ms : d->first_seen_ms;
    bool newer = d->last_seen_ms == 0 || last_ms > d->last_seen_ms;
    if (newer || (last_ms == d->last_seen_ms && skew_ms > d->skew_ms)) {
        d->last_seen_ms = last_ms;
        d->skew_ms = skew_ms;
    }
}

static void take_position(struct device_state *d, int64_t ts_ms, double lat, double lon)
{
    int order = d->has_position ? order_i64(ts_ms, d->position_ms) : 1;
    order = order != 0 ? order : order_double(lat, d->lat);
    order = order != 0 ? order : order_double(lon, d->lon);
    if (order > 0) {
        d->has_position = true;
        d->position_ms = ts_ms;
        d->lat = lat == 0 ? 0.0 : lat;
        d->lon = lon == 0 ? 0.0 : lon;
    }
}

static void take_online(struct device_state *d, int64_t ts_ms, bool online)
{
    int order = d->has_online ? order_i64(ts_ms, d->online_ms) : 1;
    if (order > 0 || (order == 0 && online)) {
        d->has_online = true;
        d->online_ms = ts_ms;
        d->online = online;
    }
}

static bool has_status(const struct device_state *d)
{
    return d->status_ms != 0 || d->status_received_ms != 0;
}

static void take_status(struct device_state *d, int64_t ts_ms, int64_t received_ms,
                        const struct reading_id *id)
{
    int order = has_status(d) ? order_i64(ts_ms, d->status_ms) : 1;
    order = order != 0 ? order : order_i64(received_ms, d->status_received_ms);
    order = order != 0 ? order : memcmp(id->byte, d->status_id.byte, READING_ID_BYTES);
    if (order > 0) {
        d->status_ms = ts_ms;
        d->status_received_ms = received_ms;
        d->status_id = *id;
    }
}

/* --- folding ------------------------------------------------------------------------------- */

static bool is_status(const struct reading *r)
{
    bool status = r->has_online;
    for (unsigned i = 0; i < r->sensors && !status; i++) {
        status = span_is(r->sensor[i].name, "battery_level") || span_is(r->sensor[i].name, "rssi");
    }
    return status;
}

void device_state_take_head(struct device_state *d, const struct reading *r)
{
    d->last_ts_ms = r->ts_ms > d->last_ts_ms ? r->ts_ms : d->last_ts_ms;
    take_receipt(d, r->received_at_ms, r->received_at_ms, r->received_at_ms - r->ts_ms);
    if (r->has_position) {
        take_position(d, r->ts_ms, r->lat, r->lon);
    }
    if (r->has_online) {
        take_online(d, r->ts_ms, r->online);
    }
    if (is_status(r)) {
        struct reading_id id = reading_id(r);
        take_status(d, r->ts_ms, r->received_at_ms, &id);
    }
}

bool device_share_fold(struct device_share *share, int64_t offset, int64_t ts_ms)
{
    if (offset <= share->src) {
        return false;
    }
    share->src = offset;
    share->readings++;
    cadence_note(&share->cadence, ts_ms);
    return true;
}

/* All but the shares. */
static void take_reading(struct device_state *d, const struct reading *r, bool first)
{
    d->last_ts_ms = first ? r->ts_ms : d->last_ts_ms;
    for (unsigned i = 0; i < r->sensors; i++) {
        take_sensor(d, r->sensor[i].name, r->ts_ms, r->sensor[i].value);
    }
    device_state_take_head(d, r);
}

bool device_state_fold(struct device_state *d, int32_t partition, int64_t offset,
                       const struct reading *r)
{
    bool first = d->shares == 0;
    if (!device_share_fold(share_of(d, partition), offset, r->ts_ms)) {
        return false;
    }
    take_reading(d, r, first);
    return true;
}

void device_state_gather(struct device_state *d, int32_t partition, int64_t offset,
                         const struct reading *r)
{
    bool first = d->shares == 0;
    struct device_share *share = share_of(d, partition);
    share->src = offset > share->src ? offset : share->src;
    share->readings++;
    take_reading(d, r, first);
}

void device_state_keep_cadence(struct device_state *d, const struct device_state *other)
{
    for (unsigned i = 0; i < other->shares; i++) {
        unsigned at = share_position(d, other->share[i].partition);
        if (at < d->shares && d->share[at].partition == other->share[i].partition) {
            d->share[at].cadence = other->share[i].cadence;
        }
    }
}

int64_t device_state_src(const struct device_state *d, int32_t partition)
{
    unsigned i = share_position(d, partition);
    return i < d->shares && d->share[i].partition == partition ? d->share[i].src : -1;
}

/* --- joining ------------------------------------------------------------------------------- */

static void take_state(struct device_state *d, const struct device_state *other)
{
    for (unsigned i = 0; i < other->sensors; i++) {
        const struct device_sensor *sensor = &other->sensor[i];
        take_sensor(d, span_str(sensor->name), sensor->ts_ms, sensor->value);
    }
    take_receipt(d, other->first_seen_ms, other->last_seen_ms, other->skew_ms);
    if (other->has_position) {
        take_position(d, other->position_ms, other->lat, other->lon);
    }
    if (other->has_online) {
        take_online(d, other->online_ms, other->online);
    }
    if (has_status(other)) {
        take_status(d, other->status_ms, other->status_received_ms, &other->status_id);
    }
}

static bool same_lists(const struct device_state *a, const struct device_state *b)
{
    bool same = a->sensors == b->sensors && a->shares == b->shares;
    for (unsigned i = 0; same && i < a->shares; i++) {
        same = a->share[i].partition == b->share[i].partition && a->share[i].src == b->share[i].src;
    }
    for (unsigned i = 0; same && i < a->sensors; i++) {
        const struct device_sensor *x = &a->sensor[i], *y = &b->sensor[i];
        same = strcmp(x->name, y->name) == 0 && x->ts_ms == y->ts_ms && x->value == y->value;
    }
    return same;
}

/* All but rev, which is the store's. */
static bool same_state(const struct device_state *a, const struct device_state *b)
{
    return a->last_seen_ms == b->last_seen_ms && a->first_seen_ms == b->first_seen_ms &&
           a->skew_ms == b->skew_ms && a->last_ts_ms == b->last_ts_ms &&
           a->has_position == b->has_position && a->position_ms == b->position_ms &&
           a->lat == b->lat && a->lon == b->lon && a->has_online == b->has_online &&
           a->online == b->online && a->online_ms == b->online_ms && a->status_ms == b->status_ms &&
           a->status_received_ms == b->status_received_ms &&
           memcmp(&a->status_id, &b->status_id, sizeof(a->status_id)) == 0 && same_lists(a, b);
}

bool device_state_join(struct device_state *d, const struct device_state *other)
{
    bool first = d->shares == 0;
    if (other->shares > 0) {
        d->last_ts_ms =
            first || other->last_ts_ms > d->last_ts_ms ? other->last_ts_ms : d->last_ts_ms;
    }
    for (unsigned i = 0; i < other->shares; i++) {
        struct device_share *share = share_of(d, other->share[i].partition);
        if (other->share[i].src > share->src) {
            *share = other->share[i];
        }
    }
    take_state(d, other);
    d->rev = other->rev;
    return !same_state(d, other);
}
