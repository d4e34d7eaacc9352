/* Putting the raw readings of a slice into the store: all at once, and where the store refuses the
 * whole, in halves, until the record that it cannot take stands alone.
 *
 *   whole slice --refused--> halves --refused--> ... --> one record: an attempt --> dead letter
 *        '--taken--'           '--taken--'
 *
 * Trouble of the store ends none of it: it blocks and uses up no attempt. */
#include "aggregator/pipeline_state.h"
#include "common/base/sabotage.h"

enum { RETRY_BASE_MS = 250, RETRY_CAP_MS = 5000 };

static void push(struct insertion *n, size_t from, size_t to)
{
    n->todo[n->todos++] = (struct insert_range){.from = (unsigned)from, .to = (unsigned)to};
}

void insertion_begin(struct slice *s)
{
    s->insertion.todos = s->insertion.round = s->insertion.deferred = 0;
    s->insertion.witnessed = false;
    if (s->raws)
        push(&s->insertion, 0, s->raws);
}

void insertion_again(struct slice *s, size_t raw)
{
    s->raw[raw].attempts = 0; /* it was taken; this is another story */
    push(&s->insertion, raw, raw + 1);
}

/* The last of its attempts: given up, with what the store said. */
static void give_up(struct sink_raw *r)
{
    r->outcome = RAW_REFUSED;
    r->exhausted = true;
}

static void count_attempt(struct pipeline *p, struct sink_raw *r)
{
    if (r->attempts++ > 0)
        atomic_fetch_add_explicit(&p->stats.retries, 1, memory_order_relaxed);
}

/* Notes what became of the range; a failed record has one attempt less. */
static void note_outcomes(struct pipeline *p, struct slice *s, struct insert_range range)
{
    for (size_t i = range.from; i < range.to; i++) {
        struct sink_raw *r = &s->raw[i];
        count_attempt(p, r);
        if (r->outcome == RAW_STORED || r->outcome == RAW_EXISTS)
            s->insertion.witnessed = true;
        else if (r->outcome == RAW_FAILED && r->attempts >= p->config.max_retries)
            give_up(r);
        else if (r->outcome == RAW_UNKNOWN && SABOTAGED(BREAK_DEAD_LETTER_ON_SOCKET_ERROR))
            give_up(r);
    }
}

/* What failed is tried once more, each record alone, after a pause that all of them share. */
static void begin_round(struct pipeline *p, struct slice *s)
{
    for (size_t i = s->raws; i-- > 0;)
        if (s->raw[i].outcome == RAW_FAILED)
            push(&s->insertion, i, i + 1);
    if (s->insertion.todos)
        p->pause_until_ms =
            clock_monotonic_ms(&p->ports.clock) +
            (uint64_t)backoff_ms(&p->rng, s->insertion.round++, RETRY_BASE_MS, RETRY_CAP_MS);
}

/* A record that was refused as a whole call before any other was taken has to wait for the others:
 * they may be witnesses. When all have had their turn, the store takes nothing, and that blocks. */
static int defer(struct insertion *n, struct err *e)
{
    struct insert_range range = n->todo[n->todos - 1];
    n->todo[n->todos - 1] = n->todo[0];
    n->todo[0] = range;
    if (n->deferred + 1 >= n->todos)
        return ERR_UNAVAILABLE;
    n->deferred++;
    err_clear(e);
    return 0;
}

/* The store refused the call as a whole. Several records: look for the one. One record: it is to
 * blame if the store took others of its slice; else it may well be that the store takes nothing,
 * and nobody is given up for that. */
static int narrow(struct pipeline *p, struct slice *s, struct insert_range range, struct err *e)
{
    struct insertion *n = &s->insertion;
    struct sink_raw *r = &s->raw[range.from];
    unsigned middle = range.from + (range.to - range.from) / 2;
    if (range.to - range.from > 1) {
        n->todos--;
        push(n, middle, range.to);
        push(n, range.from, middle);
        err_clear(e);
        return 0;
    }
    if (!n->witnessed)
        return defer(n, e);
    r->outcome = RAW_FAILED;
    r->store_code = 0;
    r->store_error = "refused with the whole call";
    err_clear(e);
    n->todos--;
    note_outcomes(p, s, range);
    return 0;
}

static struct insert_range next_range(const struct slice *s)
{
    return s->insertion.todo[s->insertion.todos - 1];
}

/* What became of the range that was begun. */
static int take_answer(struct pipeline *p, struct slice *s, int rc, struct err *e)
{
    struct insert_range range = next_range(s);
    if (rc == ERR_FAILED)
        return narrow(p, s, range, e);
    if (rc && !SABOTAGED(BREAK_DEAD_LETTER_ON_SOCKET_ERROR))
        return rc;
    s->insertion.todos--;
    s->insertion.deferred = 0;
    note_outcomes(p, s, range);
    return 0;
}

/* The mistake that the simulator has to notice. */
static void assume_stored(struct pipeline *p, struct slice *s, struct insert_range range)
{
    for (unsigned i = range.from; i < range.to; i++)
        s->raw[i].outcome = RAW_STORED;
    s->insertion.todos--;
    p->ports.sink.insert_abandon(p->ports.sink.self);
    p->inserting = NULL;
}

int phase_begin_insert(struct pipeline *p, struct err *e)
{
    (void)e;
    struct slice *s = slices_uninserted(p);
    struct insert_range range = next_range(s);
    p->ports.sink.insert_begin(p->ports.sink.self, &s->raw[range.from], range.to - range.from);
    p->inserting = s;
    if (SABOTAGED(BREAK_FOLD_BEFORE_INSERTED))
        assume_stored(p, s, range);
    slices_next(p);
    return 0;
}

int phase_insert_raw(struct pipeline *p, struct err *e)
{
    struct slice *s = p->inserting;
    struct insert_range range = next_range(s);
    int rc = p->ports.sink.insert_finish(p->ports.sink.self, &s->raw[range.from],
                                         range.to - range.from, POLL_IDLE_MS, e);
    if (rc == ERR_TIMEOUT)
        return PHASE_WAITS;
    p->inserting = NULL;
    rc = take_answer(p, s, rc, e);
    if (rc == 0 && insertion_done(s))
        begin_round(p, s);
    slices_next(p);
    return rc;
}

bool insertion_is_ours(const struct sink_raw *r)
{
    return r->outcome == RAW_STORED ||
           (r->outcome == RAW_EXISTS && !SABOTAGED(BREAK_SKIP_ON_E11000) &&
            r->found_partition == r->partition && r->found_offset == r->offset);
}
