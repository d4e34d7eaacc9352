/* When each request is due: arithmetic only. */
#include "tools/load/schedule.h"

static const double ns_per_second = 1e9;
static const double never_ns = 9e18; /* 285 years; far beyond it the conversion is undefined */

uint64_t schedule_due_ns(const struct schedule *s, uint64_t i)
{
    double due = (double)i * ns_per_second / s->rate;
    return (uint64_t)(due < never_ns ? due : never_ns);
}

/* The estimate may be one off through rounding; the two loops make it agree with due_ns. */
uint64_t schedule_due_count(const struct schedule *s, uint64_t elapsed_ns)
{
    uint64_t count = (uint64_t)((double)elapsed_ns * s->rate / ns_per_second);
    while (schedule_due_ns(s, count) <= elapsed_ns) {
        count++;
    }
    while (count > 0 && schedule_due_ns(s, count - 1) > elapsed_ns) {
        count--;
    }
    return count < s->limit ? count : s->limit;
}

void schedule_init(struct schedule *s, int64_t devices, double rps, int64_t duration_ms,
                   int64_t requests)
{
    *s = (struct schedule){.rate = (double)devices * rps, .limit = SCHEDULE_ENDLESS};
    if (requests > 0) {
        s->limit = (uint64_t)requests;
    }
    if (duration_ms > 0) {
        s->limit = schedule_due_count(s, (uint64_t)duration_ms * 1000000u - 1);
    }
}
