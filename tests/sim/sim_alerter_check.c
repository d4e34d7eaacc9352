/* What must hold when all is quiet: the alerts equal a plain evaluation of the log, in offset
 * order, by someone who never crashes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim_alerter_world.h"
#include "tests/support/same_episode.h"

/* The evaluation, written anew on purpose: it shares with the product the rule's threshold, the
 * severity of a value and the name of an episode, nothing else. */
struct reference {
    const struct alert_rule *rule;
    unsigned device;
    bool any;               /* the newest event time below means something */
    int64_t newest_ms;      /* event time of the last sample that mattered */
    struct sim_alert now;   /* revision 0 = no episode yet */
    struct sim_alert *done; /* owned: all episodes, the current one last once it exists */
    size_t count, cap;
};

static void say(struct sim_alert *a, enum alert_event event, int64_t ts_ms, double value)
{
    a->transition[a->transitions++] = (struct alert_transition){
        .event = event, .ts_ms = ts_ms, .value = value, .episode = a->episode};
}

static double beyond(const struct alert_rule *rule, double value)
{
    return rule->side == ALERT_ABOVE ? value - rule->threshold : rule->threshold - value;
}

static void keep(struct reference *ref)
{
    if (ref->now.episode.revision == 0)
        return;
    ref->done = realloc(ref->done, (ref->count + 1) * sizeof *ref->done);
    if (!ref->done)
        abort();
    ref->done[ref->count++] = ref->now;
}

static void open_episode(struct reference *ref, const struct sim_record *r, double value)
{
    keep(ref);
    ref->now = (struct sim_alert){.rule = ref->rule, .device = ref->device};
    struct alert_episode *ep = &ref->now.episode;
    *ep = (struct alert_episode){.revision = 1,
                                 .active = true,
                                 .severity = beyond(ref->rule, value) > ref->rule->critical_beyond
                                                 ? ALERT_CRITICAL
                                                 : ALERT_WARNING,
                                 .value = value,
                                 .last_value = value,
                                 .peak = value,
                                 .count = 1,
                                 .start_ms = r->ts_ms,
                                 .last_ms = r->ts_ms,
                                 .created_at_ms = r->server_ms};
    alert_episode_id(ref->rule->id, span_str(r->device_id), r->ts_ms, ep->id);
    say(&ref->now, ALERT_EVENT_FIRED, r->ts_ms, value);
}

static void go_on(struct reference *ref, const struct sim_record *r, double value)
{
    struct alert_episode *ep = &ref->now.episode;
    ep->revision++;
    ep->count++;
    ep->last_value = value;
    ep->last_ms = r->ts_ms;
    if (beyond(ref->rule, value) > beyond(ref->rule, ep->peak))
        ep->peak = value;
    if (ep->severity == ALERT_WARNING && beyond(ref->rule, value) > ref->rule->critical_beyond) {
        ep->severity = ALERT_CRITICAL;
        ep->escalated_ms = r->ts_ms;
        say(&ref->now, ALERT_EVENT_UPDATED, r->ts_ms, value);
    }
}

static void end_episode(struct reference *ref, const struct sim_record *r, double value)
{
    ref->now.episode.revision++;
    ref->now.episode.active = false;
    ref->now.episode.resolved_ms = r->ts_ms;
    say(&ref->now, ALERT_EVENT_RESOLVED, r->ts_ms, value);
}

static void evaluate_one(struct reference *ref, const struct sim_record *r, double value)
{
    bool bad = beyond(ref->rule, value) > 0, active = ref->now.episode.active;
    if (ref->any && r->ts_ms <= ref->newest_ms)
        return; /* late, or the same reading again */
    if (!bad && !active)
        return;
    if (bad && active)
        go_on(ref, r, value);
    else if (bad)
        open_episode(ref, r, value);
    else
        end_episode(ref, r, value);
    ref->any = true;
    ref->newest_ms = r->ts_ms;
}

static void evaluate(struct reference *ref, const struct sim_world *w)
{
    const struct sim_partition *p = &w->partition[ref->device % SIM_PARTITIONS];
    bool humidity = strcmp(ref->rule->sensor, "humidity") == 0;
    for (size_t i = 0; i < p->records; i++) {
        const struct sim_record *r = &p->record[i];
        if (r->device != ref->device || r->too_old || (humidity && !r->has_humidity))
            continue;
        evaluate_one(ref, r, humidity ? r->humidity : r->temperature);
    }
    keep(ref);
}

static bool same_transition(const struct alert_transition *a, const struct alert_transition *b)
{
    return a->event == b->event && a->ts_ms == b->ts_ms && a->value == b->value &&
           same_episode(&a->episode, &b->episode);
}

static const char *check_document(const struct sim_alert *want, const struct sim_alert *have)
{
    if (!same_episode(&want->episode, &have->episode))
        return "an alert differs from the evaluation of the log";
    if (want->transitions != have->transitions)
        return "an alert's history has too few or too many transitions";
    for (unsigned i = 0; i < want->transitions; i++)
        if (!same_transition(&want->transition[i], &have->transition[i]))
            return "an alert's history differs from the evaluation of the log";
    return NULL;
}

static const char *check_event(const struct sim_world *w, const struct sim_alert *want,
                               const struct alert_transition *t)
{
    uint64_t payload = 0;
    unsigned told = 0;
    for (size_t i = 0; i < w->events; i++) {
        const struct sim_event *e = &w->event[i];
        if (e->rule != want->rule || e->device != want->device ||
            e->transition.episode.revision != t->episode.revision ||
            strcmp(e->transition.episode.id, t->episode.id) != 0)
            continue;
        if (!same_transition(&e->transition, t))
            return "an event differs from the evaluation of the log";
        if (told++ > 0 && e->payload != payload)
            return "one transition was told in two ways";
        payload = e->payload;
    }
    return told ? NULL : "a transition was never told";
}

/* Each event belongs to a transition of the evaluation; counting the distinct ones shows it. */
static bool first_of_its_kind(const struct sim_world *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->event[i].rule == w->event[n].rule && w->event[i].device == w->event[n].device &&
            w->event[i].transition.event == w->event[n].transition.event &&
            w->event[i].transition.episode.revision == w->event[n].transition.episode.revision &&
            strcmp(w->event[i].transition.episode.id, w->event[n].transition.episode.id) == 0)
            return false;
    return true;
}

static const char *check_reference(const struct sim_world *w, const struct reference *ref,
                                   size_t *transitions)
{
    size_t found = 0;
    for (size_t i = 0; i < w->alerts; i++)
        found += w->alert[i].rule == ref->rule && w->alert[i].device == ref->device;
    if (found != ref->count)
        return "there are too many or too few alerts";
    for (size_t i = 0; i < ref->count; i++) {
        const struct sim_alert *have = NULL;
        for (size_t k = 0; k < w->alerts; k++)
            if (strcmp(w->alert[k].episode.id, ref->done[i].episode.id) == 0)
                have = &w->alert[k];
        const char *wrong = have ? check_document(&ref->done[i], have) : "an alert is missing";
        for (unsigned t = 0; !wrong && t < ref->done[i].transitions; t++)
            wrong = check_event(w, &ref->done[i], &ref->done[i].transition[t]);
        if (wrong)
            return wrong;
        *transitions += ref->done[i].transitions;
    }
    return NULL;
}

static const char *check_rest(const struct sim_world *w, size_t transitions)
{
    size_t distinct = 0;
    for (size_t i = 0; i < w->events; i++)
        distinct += first_of_its_kind(w, i);
    if (distinct != transitions)
        return "events were told of transitions that never were";
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        if (w->partition[i].committed != (int64_t)w->partition[i].records)
            return "the committed offset is not the end of the log";
    for (unsigned r = 0; r < w->rules.count; r++)
        for (unsigned d = 0; d < SIM_DEVICES; d++)
            if (w->state[r][d] && w->state[r][d]->outbox_count > 0)
                return "an outbox still holds a transition";
    return NULL;
}

const char *sim_check(struct sim_world *w)
{
    const char *wrong = w->broken;
    size_t transitions = 0;
    for (unsigned r = 0; r < w->rules.count && !wrong; r++)
        for (unsigned d = 0; d < SIM_DEVICES && !wrong; d++) {
            struct reference ref = {.rule = &w->rules.rule[r], .device = d};
            evaluate(&ref, w);
            wrong = check_reference(w, &ref, &transitions);
            free(ref.done);
        }
    return wrong ? wrong : check_rest(w, transitions);
}
