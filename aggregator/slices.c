/* Two slices of the batch under way, so that the store is not waited for with nothing to do:
 *
 *   decode 1 | insert 1 | insert 2        | insert 3        | ...
 *            | decode 2 | fold 1 decode 3 | fold 2 decode 4 | ...
 *
 * Insertions follow one another: none begins before the one before it is over, whatever it took
 * (halves, single records, pauses), and a slice is folded when its own is over. So of one reading
 * twice in the log the first one is stored, and what is folded, written, put into the ledger and
 * committed is always what was inserted before. A flush may come between two slices; what is being
 * inserted meanwhile lies behind it in the log. */
#include "aggregator/pipeline_state.h"

static struct slice *other(struct pipeline *p)
{
    return p->slice == &p->slices[0] ? &p->slices[1] : &p->slices[0];
}

struct slice *slices_empty(struct pipeline *p)
{
    struct slice *s = p->slice->in_use ? other(p) : p->slice;
    return s->in_use ? NULL : s;
}

static bool is_uninserted(const struct slice *s)
{
    return s->in_use && !insertion_done(s);
}

struct slice *slices_uninserted(struct pipeline *p)
{
    return is_uninserted(p->slice) ? p->slice : is_uninserted(other(p)) ? other(p) : NULL;
}

void slices_settled(struct pipeline *p)
{
    p->slice->in_use = false;
    p->slice->targets = p->slice->raws = p->slice->records = 0;
    if (other(p)->in_use)
        p->slice = other(p);
}

static bool records_left(const struct pipeline *p)
{
    return p->next_record < p->poll.count;
}

bool slices_over(const struct pipeline *p)
{
    return !p->slice->in_use && !records_left(p);
}

/* The store is given something to do first, so that the rest is done beside it. */
void slices_next(struct pipeline *p)
{
    if (!p->inserting && slices_uninserted(p))
        p->phase = PHASE_BEGIN_INSERT;
    else if (p->slice->in_use && insertion_done(p->slice))
        p->phase = p->slice->raws ? PHASE_READ_ORIGINS : PHASE_FOLD;
    else if (records_left(p) && slices_empty(p))
        p->phase = PHASE_DECODE;
    else if (p->inserting)
        p->phase = PHASE_INSERT_RAW;
    else
        p->phase = PHASE_LETTERS;
}

/* What was begun may happen or not: the readings have their ids, and whoever reads them next finds
 * out. */
static void drop(struct pipeline *p)
{
    if (p->inserting)
        p->ports.sink.insert_abandon(p->ports.sink.self);
    p->inserting = NULL;
    p->slice = p->slices;
    for (int i = 0; i < SLICES; i++) {
        struct slice *s = &p->slices[i];
        s->in_use = false;
        s->records = s->raws = s->targets = 0;
        s->load_windows.count = s->load_devices.count = 0;
    }
}

void slices_release(struct pipeline *p)
{
    p->letters = 0;
    drop(p);
    if (!p->holding)
        return;
    p->holding = false;
    p->ports.stream.release(p->ports.stream.self);
}
