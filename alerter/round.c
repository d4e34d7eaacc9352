/* A round: the states that a run of judging touched, on their way to the store and to those who
 * are told. */
#include "alerter/round.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xmalloc.h"

void alert_round_init(struct alert_round *r)
{
    *r = (struct alert_round){0};
}

void alert_round_deinit(struct alert_round *r)
{
    free(r->slot);
    free(r->state);
    free(r->document);
    free(r->event);
    alert_round_init(r);
}

/* Room for one more element; returns the list, which may have moved. */
static void *grown(void *list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return list;
    *cap = *cap ? 2 * *cap : 64;
    return xreallocarray(list, *cap, size);
}

void alert_round_touch(struct alert_round *r, struct cached_state *slot)
{
    if (slot->touched)
        return;
    r->slot = grown(r->slot, r->slots, &r->slots_cap, sizeof *r->slot);
    r->slot[r->slots++] = slot;
    slot->touched = true;
}

static bool state_includes(const struct alert_state *s, int32_t partition, int64_t offset)
{
    for (unsigned i = 0; i < s->srcs; i++)
        if (s->src[i].partition == partition)
            return offset <= s->src[i].offset;
    return false;
}

/* A record that the stored state includes already comes again only when whoever stored it did not
 * get as far as the commit: perhaps not as far as the document of the episode either, which a
 * state without outbox does not show. So that document is written again (its revision guards it).
 */
static void note_replay(struct alert_round *r, struct cached_state *slot,
                        const struct alert_sample *sample)
{
    if (slot->replay_seen || !state_includes(slot->state, sample->partition, sample->offset))
        return;
    slot->replay_seen = slot->document_due = true;
    alert_round_touch(r, slot);
}

/* Returns how many transitions the outbox of the state holds now. */
static unsigned judge_one(struct alert_round *r, struct cached_state *slot,
                          const struct alert_rule *rule, const struct alert_sample *sample)
{
    /* A device that is well needs no state: judging would change nothing. */
    if (!slot->state && !alert_rule_violated(rule, sample->value))
        return 0;
    struct alert_state *state = cached_state_make(slot, rule, sample->device->id);
    note_replay(r, slot, sample);
    if (alert_state_judge(state, sample->partition, sample->offset, sample->ts_ms,
                          sample->server_ms, sample->value)) {
        slot->changed = slot->document_due = true;
        alert_round_touch(r, slot);
    }
    return state->outbox_count;
}

void alert_round_judge(struct alert_round *r, struct alert_batch *batch,
                       const struct alert_rules *rules, unsigned outbox_max)
{
    bool full = false;
    while (batch->judged < batch->samples && !full) {
        const struct alert_sample *sample = &batch->sample[batch->judged++];
        for (unsigned i = 0; i < sample->group->count; i++) {
            unsigned n = sample->group->first + i;
            full |= judge_one(r, &sample->device->slot[n], &rules->rule[n], sample) >= outbox_max;
        }
    }
}

static void list_state(struct alert_round *r, const struct alert_state *state)
{
    r->state = grown(r->state, r->states, &r->states_cap, sizeof *r->state);
    r->state[r->states++] = state;
}

bool alert_round_list_changed(struct alert_round *r)
{
    r->states = 0;
    for (size_t i = 0; i < r->slots; i++)
        if (r->slot[i]->changed)
            list_state(r, r->slot[i]->state);
    return r->states > 0;
}

static void list_document(struct alert_round *r, const struct alert_document *document)
{
    r->document = grown(r->document, r->documents, &r->documents_cap, sizeof *r->document);
    r->document[r->documents++] = *document;
}

/* Episodes that ended while others began live on only as snapshots in the outbox; of each the last
 * one counts. The transitions of one episode stand together. */
static void list_documents_of(struct alert_round *r, const struct alert_state *s)
{
    struct alert_document document = {.state = s, .episode = &s->episode};
    unsigned i = 0;
    while (i < s->outbox_count) {
        const char *id = s->outbox[i].episode.id;
        unsigned end = i + 1;
        while (end < s->outbox_count && strcmp(s->outbox[end].episode.id, id) == 0)
            end++;
        document.transition = &s->outbox[i];
        document.transitions = end - i;
        if (strcmp(id, s->episode.id) == 0)
            break;
        document.episode = &s->outbox[end - 1].episode;
        list_document(r, &document);
        document = (struct alert_document){.state = s, .episode = &s->episode};
        i = end;
    }
    if (s->episode.revision > 0)
        list_document(r, &document);
}

bool alert_round_list_documents(struct alert_round *r)
{
    r->documents = 0;
    for (size_t i = 0; i < r->slots; i++)
        if (r->slot[i]->document_due)
            list_documents_of(r, r->slot[i]->state);
    return r->documents > 0;
}

bool alert_round_list_events(struct alert_round *r)
{
    r->events = 0;
    for (size_t i = 0; i < r->slots; i++) {
        const struct alert_state *state = r->slot[i]->state;
        for (unsigned k = 0; k < state->outbox_count; k++) {
            r->event = grown(r->event, r->events, &r->events_cap, sizeof *r->event);
            r->event[r->events++] =
                (struct alert_event_item){.state = state, .transition = &state->outbox[k]};
        }
    }
    return r->events > 0;
}

bool alert_round_list_told(struct alert_round *r)
{
    r->states = 0;
    for (size_t i = 0; i < r->slots; i++) {
        struct alert_state *state = r->slot[i]->state;
        if (state->outbox_count == 0)
            continue;
        state->outbox_count = 0;
        r->slot[i]->counted = 0;
        r->slot[i]->changed = true;
        list_state(r, state);
    }
    return r->states > 0;
}

static void count_transitions(struct cached_state *slot, const struct alert_rules *rules,
                              struct alert_transition_counts *counts)
{
    const struct alert_state *state = slot->state;
    size_t rule = (size_t)(state->rule - rules->rule);
    for (; slot->counted < state->outbox_count; slot->counted++) {
        const struct alert_transition *t = &state->outbox[slot->counted];
        counts->of[rule][t->episode.severity][t->event]++;
    }
}

void alert_round_stored(struct alert_round *r, const struct alert_rules *rules,
                        struct alert_transition_counts *counts)
{
    for (size_t i = 0; i < r->slots; i++) {
        struct cached_state *slot = r->slot[i];
        if (!slot->changed)
            continue;
        slot->state->rev++;
        slot->changed = false;
        count_transitions(slot, rules, counts);
    }
}

void alert_round_end(struct alert_round *r)
{
    for (size_t i = 0; i < r->slots; i++)
        r->slot[i]->touched = r->slot[i]->document_due = false;
    r->slots = r->states = r->documents = r->events = 0;
}
