/* Names of sensors, each held once. */
#include "aggregator/sensor_names.h"

#include "common/base/hash.h"
#include "common/model/reading.h"

struct sensor_name {
    uint32_t held, hash;
    uint8_t len;
    char text[READING_SENSOR_NAME_MAX];
};

void sensor_names_init(struct sensor_names *n, uint64_t seed)
{
    *n = (struct sensor_names){.pool = {.item_bytes = sizeof(struct sensor_name)}, .seed = seed};
}

void sensor_names_deinit(struct sensor_names *n)
{
    handle_table_deinit(&n->table);
    pool_deinit(&n->pool);
}

struct span sensor_names_text(const struct sensor_names *n, uint32_t handle)
{
    const struct sensor_name *s = pool_at(&n->pool, handle);
    return span_of(s->text, s->len);
}

uint32_t sensor_names_handle(struct sensor_names *n, struct span name)
{
    uint32_t hash = (uint32_t)hash_table(name, n->seed), handle;
    for (size_t at = hash; (handle = handle_table_next(&n->table, hash, &at));)
        if (span_eq(sensor_names_text(n, handle), name))
            return handle;
    handle = pool_take(&n->pool);
    struct sensor_name *s = pool_at(&n->pool, handle);
    s->hash = hash;
    s->len = (uint8_t)name.len;
    memcpy(s->text, name.p, name.len);
    handle_table_add(&n->table, hash, handle);
    return handle;
}

void sensor_names_hold(struct sensor_names *n, uint32_t handle)
{
    struct sensor_name *s = pool_at(&n->pool, handle);
    s->held++;
}

void sensor_names_drop(struct sensor_names *n, uint32_t handle)
{
    struct sensor_name *s = pool_at(&n->pool, handle);
    if (--s->held > 0)
        return;
    handle_table_remove_handle(&n->table, s->hash, handle);
    pool_give(&n->pool, handle);
}
