/* When each request is due: a fixed plan that no answer, late or missing, can move. */
#ifndef WEIR_LOAD_SCHEDULE_H
#define WEIR_LOAD_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_ENDLESS UINT64_MAX

/* Request i of the plan is due i / rate seconds after the start; its device is i modulo devices,
 * so every device sends at an even pace and the devices are spread evenly over time. */
struct schedule {
    double rate;    /* requests a second, all devices together; above 0 */
    uint64_t limit; /* requests in the plan, or SCHEDULE_ENDLESS */
};

/* `rps` is for each device. 0 for `duration_ms` or `requests` means no such limit; with both, the
 * smaller plan counts. A request due exactly at the end is no longer in the plan. */
void schedule_init(struct schedule *s, int64_t devices, double rps, int64_t duration_ms,
                   int64_t requests);

/* Nanoseconds after the start. */
uint64_t schedule_due_ns(const struct schedule *s, uint64_t i);

/* How many requests of the plan are due at `elapsed_ns` after the start. */
uint64_t schedule_due_count(const struct schedule *s, uint64_t elapsed_ns);

#endif
