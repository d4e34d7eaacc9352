/* Names of sensors, each held once and known by a handle, because a million windows name the same
 * few. A name goes with the last window that names it. Pure. */
#ifndef WEIR_AGGREGATOR_SENSOR_NAMES_H
#define WEIR_AGGREGATOR_SENSOR_NAMES_H

#include "aggregator/handle_table.h"
#include "aggregator/pool.h"
#include "common/base/span.h"

struct sensor_names {
    struct pool pool;
    struct handle_table table;
    uint64_t seed;
};

void sensor_names_init(struct sensor_names *n, uint64_t seed);
void sensor_names_deinit(struct sensor_names *n);

/* The handle of the name, which is taken in if it is new; 1 to 64 bytes. It stays while it is held,
 * so who means to keep it holds it. */
uint32_t sensor_names_handle(struct sensor_names *n, struct span name);
void sensor_names_hold(struct sensor_names *n, uint32_t handle);
void sensor_names_drop(struct sensor_names *n, uint32_t handle);
struct span sensor_names_text(const struct sensor_names *n, uint32_t handle);

#endif
