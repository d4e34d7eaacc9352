/* The simulated store and alerts topic: every reply may be lost, every bulk may be half done. */
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"
#include "tests/sim/sim_alerter_world.h"

enum outcome { DONE, DONE_UNHEARD, HALF_DONE, NOT_DONE };

static enum outcome draw_outcome(struct sim_world *w)
{
    if (!w->calm && w->now_ms < w->outage_until_ms)
        return NOT_DONE;
    if (!sim_mishap(w, 8))
        return DONE;
    return DONE_UNHEARD + (enum outcome)rng_below(&w->rng, 3);
}

static bool applies(struct sim_world *w, enum outcome outcome)
{
    return outcome <= DONE_UNHEARD || (outcome == HALF_DONE && rng_below(&w->rng, 2) == 0);
}

static int answer(struct sim_world *w, enum outcome outcome, struct err *e)
{
    if (outcome == DONE || (outcome == HALF_DONE && w->sabotage == SIM_HALF_BULK))
        return 0;
    return err_set(e, ERR_UNAVAILABLE, "simulated fault");
}

static unsigned device_of(struct span id)
{
    return (unsigned)(id.p[id.len - 1] - '0');
}

static void state_free(struct alert_state *s)
{
    if (s)
        alert_state_deinit(s);
    free(s);
}

static struct alert_state *state_copy(const struct alert_state *from)
{
    struct alert_state *s = xmemdup(from, sizeof *from);
    s->srcs_cap = from->srcs;
    s->src = from->srcs ? xmemdup(from->src, from->srcs * sizeof *from->src) : NULL;
    s->outbox_cap = from->outbox_count;
    s->outbox = from->outbox_count
                    ? xmemdup(from->outbox, from->outbox_count * sizeof *from->outbox)
                    : NULL;
    return s;
}

static struct alert_state **document_of(struct sim_world *w, const struct alert_rule *rule,
                                        struct span device_id)
{
    return &w->state[rule - w->rules.rule][device_of(device_id)];
}

static int load(void *self, struct alert_load *items, size_t count, struct err *e)
{
    struct sim_world *w = self;
    if (draw_outcome(w) != DONE)
        return err_set(e, ERR_UNAVAILABLE, "simulated fault");
    for (size_t i = 0; i < count; i++) {
        const struct alert_state *found = *document_of(w, items[i].rule, items[i].device_id);
        items[i].state = found ? state_copy(found) : NULL;
        if (found && w->sabotage == SIM_NO_OUTBOX_RESEND)
            items[i].state->outbox_count = 0;
        if (found && w->sabotage == SIM_IGNORE_SRC)
            items[i].state->srcs = 0;
    }
    return 0;
}

static int write_states(void *self, const struct alert_state *const *states, size_t count,
                        struct err *e)
{
    struct sim_world *w = self;
    enum outcome outcome = draw_outcome(w);
    bool lost_race = false;
    for (size_t i = 0; i < count; i++) {
        if (!applies(w, outcome))
            continue;
        struct alert_state **stored =
            document_of(w, states[i]->rule, span_str(states[i]->device_id));
        int64_t rev = *stored ? (*stored)->rev : 0;
        if (rev != states[i]->rev && w->sabotage != SIM_NO_CAS) {
            lost_race = true;
            continue;
        }
        state_free(*stored);
        *stored = state_copy(states[i]);
        (*stored)->rev = rev + 1;
    }
    int rc = answer(w, outcome, e);
    return rc == 0 && lost_race ? ERR_CONFLICT : rc;
}

static struct sim_alert *find_alert(struct sim_world *w, const char *id)
{
    for (size_t i = 0; i < w->alerts; i++)
        if (strcmp(w->alert[i].episode.id, id) == 0)
            return &w->alert[i];
    return NULL;
}

static struct sim_alert *add_alert(struct sim_world *w, const struct alert_document *d)
{
    if (w->alerts == w->alerts_cap) {
        w->alerts_cap = w->alerts_cap ? 2 * w->alerts_cap : 32;
        w->alert = xreallocarray(w->alert, w->alerts_cap, sizeof *w->alert);
    }
    struct sim_alert *a = &w->alert[w->alerts++];
    *a = (struct sim_alert){.rule = d->state->rule,
                            .device = device_of(span_str(d->state->device_id))};
    memcpy(a->episode.id, d->episode->id, sizeof a->episode.id);
    return a;
}

static void write_alert(struct sim_world *w, const struct alert_document *d)
{
    struct sim_alert *a = find_alert(w, d->episode->id);
    if (!a)
        a = add_alert(w, d);
    if (a->episode.revision >= d->episode->revision && w->sabotage != SIM_STALE_DOCUMENTS)
        return;
    for (unsigned i = 0; i < d->transitions; i++) {
        if (d->transition[i].episode.revision <= a->episode.revision)
            continue;
        if (a->transitions == sizeof a->transition / sizeof a->transition[0])
            w->broken = "more transitions in one episode than there can be";
        else
            a->transition[a->transitions++] = d->transition[i];
    }
    a->episode = *d->episode;
}

static int write_alerts(void *self, const struct alert_document *items, size_t count, struct err *e)
{
    struct sim_world *w = self;
    enum outcome outcome = draw_outcome(w);
    for (size_t i = 0; i < count; i++)
        if (applies(w, outcome))
            write_alert(w, &items[i]);
    return answer(w, outcome, e);
}

static void publish_one(struct sim_world *w, const struct alert_event_item *item)
{
    const struct sim_alert *a = find_alert(w, item->transition->episode.id);
    if (!a || a->episode.revision < item->transition->episode.revision)
        w->broken = "an event was published before its alert could be looked up";
    if (w->events == w->events_cap) {
        w->events_cap = w->events_cap ? 2 * w->events_cap : 64;
        w->event = xreallocarray(w->event, w->events_cap, sizeof *w->event);
    }
    buf_clear(&w->text);
    alert_event_encode(item->state, item->transition, &w->text);
    w->event[w->events++] =
        (struct sim_event){.rule = item->state->rule,
                           .device = device_of(span_str(item->state->device_id)),
                           .transition = *item->transition,
                           .payload = hash_table(buf_view(&w->text), 1)};
}

static int publish(void *self, const struct alert_event_item *items, size_t count, struct err *e)
{
    struct sim_world *w = self;
    enum outcome outcome = draw_outcome(w);
    for (size_t i = 0; i < count; i++)
        if (applies(w, outcome))
            publish_one(w, &items[i]);
    return w->sabotage == SIM_FALSE_ACK ? 0 : answer(w, outcome, e);
}

struct alert_store_port sim_store_port(struct sim_world *w)
{
    return (struct alert_store_port){
        .self = w, .load = load, .write_states = write_states, .write_alerts = write_alerts};
}

struct alert_event_port sim_event_port(struct sim_world *w)
{
    return (struct alert_event_port){.self = w, .publish = publish};
}

void sim_store_deinit(struct sim_world *w)
{
    for (unsigned r = 0; r < ALERT_RULES_MAX; r++)
        for (unsigned d = 0; d < SIM_DEVICES; d++)
            state_free(w->state[r][d]);
    free(w->alert);
    free(w->event);
    buf_deinit(&w->text);
}
