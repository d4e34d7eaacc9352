/* The live line on stderr. */
#include "tools/load/live.h"

#include <stdio.h>
#include <unistd.h>

#include "tools/load/report.h"

static const uint64_t ns_per_second = 1000000000;

void live_init(struct live *l, bool verbose)
{
    *l = (struct live){.terminal = isatty(STDERR_FILENO) == 1};
    l->every_ns = l->terminal ? ns_per_second / 2 : verbose ? 10 * ns_per_second : 0;
    l->next_ns = l->every_ns;
}

void live_update(struct live *l, const struct stats *s, uint64_t elapsed_ns, uint64_t waiting)
{
    if (l->every_ns == 0 || elapsed_ns < l->next_ns) {
        return;
    }
    l->next_ns = elapsed_ns - elapsed_ns % l->every_ns + l->every_ns;
    struct buf line = {0};
    report_live(s, elapsed_ns, waiting, &line);
    /* "\033[K" clears what a longer line left behind. */
    fprintf(stderr, l->terminal ? "\r%s\033[K" : "%s\n", buf_cstr(&line));
    fflush(stderr);
    l->shown = true;
    buf_deinit(&line);
}

void live_end(struct live *l)
{
    if (l->terminal && l->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
