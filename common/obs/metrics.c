/* The registry: every family of a process, in the order they were added. */
#include "common/obs/metrics.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/obs/metric.h"
#include "common/obs/metric_text.h"

struct scrape_hook {
    void (*fn)(void *arg);
    void *arg; /* borrowed */
};

struct metrics {
    struct metric **family; /* owned */
    size_t families;
    struct scrape_hook *hook;
    size_t hooks;
};

struct metrics *metrics_new(void)
{
    return xcalloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->families; i++)
        metric_free(m->family[i]);
    free(m->family);
    free(m->hook);
    free(m);
}

struct metric *metrics_add(struct metrics *m, enum metric_type type, const char *name,
                           const char *help, const char *labels)
{
    struct metric *f = metric_new(type, name, help, labels);
    m->family = xreallocarray(m->family, m->families + 1, sizeof m->family[0]);
    m->family[m->families++] = f;
    return f;
}

void metrics_on_scrape(struct metrics *m, void (*fn)(void *arg), void *arg)
{
    m->hook = xreallocarray(m->hook, m->hooks + 1, sizeof m->hook[0]);
    m->hook[m->hooks++] = (struct scrape_hook){.fn = fn, .arg = arg};
}

void metrics_write(struct metrics *m, bool openmetrics, struct buf *out)
{
    for (size_t i = 0; i < m->hooks; i++)
        m->hook[i].fn(m->hook[i].arg);
    for (size_t i = 0; i < m->families; i++)
        metric_text(m->family[i], openmetrics, out);
    if (openmetrics)
        buf_str(out, "# EOF\n");
}
