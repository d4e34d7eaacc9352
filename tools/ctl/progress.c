/* How far a long command is. */
#include "tools/ctl/progress.h"

enum { BAR_MS = 200, LINE_MS = 10000, BAR_WIDTH = 40 };

static unsigned percent(const struct progress *p, uint64_t done)
{
    return done >= p->total ? 100 : (unsigned)(done * 100 / p->total);
}

static void draw(struct progress *p, uint64_t done)
{
    static const char full[] = "########################################";
    if (p->total) {
        unsigned part = percent(p, done) * BAR_WIDTH / 100;
        fprintf(p->out, "\r[%-*.*s] %3u %% of %llu %s", BAR_WIDTH, (int)part, full,
                percent(p, done), (unsigned long long)p->total, p->what);
    } else {
        fprintf(p->out, "\r%llu %s", (unsigned long long)done, p->what);
    }
    (void)fflush(p->out);
    p->shown = true;
}

static void tell(const struct progress *p, uint64_t done)
{
    fprintf(p->out, "%llu %s", (unsigned long long)done, p->what);
    if (p->total)
        fprintf(p->out, " (%u %%)", percent(p, done));
    (void)fputc('\n', p->out);
    (void)fflush(p->out);
}

void progress_tick(struct progress *p, uint64_t done, uint64_t now_ms)
{
    uint64_t pause = p->bar ? BAR_MS : LINE_MS;
    if (p->next_ms == 0)
        p->next_ms = now_ms + pause; /* what is over soon needs no word */
    if (now_ms < p->next_ms)
        return;
    p->next_ms = now_ms + pause;
    if (p->bar)
        draw(p, done);
    else
        tell(p, done);
}

void progress_clear(struct progress *p)
{
    if (!p->shown)
        return;
    (void)fputs("\r\033[K", p->out);
    (void)fflush(p->out);
    p->shown = false;
}
