/* Rollups: every source folded in once, and which of two states of one rollup is further on. */
#include "common/model/rollup.h"

const struct rollup_level rollup_hour = {.length_ms = 3600000, .source_ms = WINDOW_DEFAULT_MS};
const struct rollup_level rollup_day = {.length_ms = 86400000, .source_ms = 3600000};

unsigned rollup_sources(const struct rollup_level *level)
{
    return (unsigned)(level->length_ms / level->source_ms);
}

int64_t rollup_source_start(const struct rollup_level *level, int64_t start_ms, unsigned i)
{
    return start_ms + (int64_t)i * level->source_ms;
}

void rollup_init(struct rollup *r, const struct rollup_level *level, int64_t t_ms)
{
    *r = (struct rollup){.level = level, .start_ms = window_start(t_ms, level->length_ms)};
}

/* The place of a source in `src`; -1 when it is of another period or not aligned. */
static int place_of(const struct rollup *r, int64_t source_start_ms)
{
    int64_t into = source_start_ms - r->start_ms;
    if (into < 0 || into >= r->level->length_ms || into % r->level->source_ms != 0) {
        return -1;
    }
    return (int)(into / r->level->source_ms);
}

uint64_t rollup_place(const struct rollup *r, int64_t source_start_ms)
{
    int place = place_of(r, source_start_ms);
    return place < 0 ? 0 : UINT64_C(1) << place;
}

uint64_t rollup_places(const struct rollup *r)
{
    uint64_t places = 0;
    for (unsigned i = 0; i < ROLLUP_SOURCES_MAX; i++) {
        places |= (uint64_t)(r->src[i] != 0) << i;
    }
    return places;
}

uint64_t rollup_places_before(const struct rollup *r, int64_t t_ms)
{
    uint64_t places = 0;
    for (unsigned i = 0; i < rollup_sources(r->level); i++) {
        places |= (uint64_t)(rollup_source_start(r->level, r->start_ms, i) < t_ms) << i;
    }
    return places;
}

void rollup_resume(struct rollup *r, const struct rollup *stored)
{
    const struct rollup_settled *settled = &stored->settled;
    *r = (struct rollup){.level = stored->level,
                         .start_ms = stored->start_ms,
                         .late = settled->late,
                         .final = settled->places != 0,
                         .stats = settled->stats,
                         .settled = *settled};
    for (unsigned i = 0; i < ROLLUP_SOURCES_MAX; i++) {
        r->src[i] = settled->places >> i & 1 ? stored->src[i] : 0;
    }
}

static void settle(struct rollup_settled *settled, int place, const struct rollup_source *source)
{
    settled->places |= UINT64_C(1) << place;
    settled->late += source->late;
    window_stats_merge(&settled->stats, &source->stats);
}

bool rollup_fold(struct rollup *r, const struct rollup_source *source)
{
    int place = place_of(r, source->start_ms);
    if (place < 0 || source->rev < 1 || source->stats.count == 0 || r->src[place] != 0) {
        return false;
    }
    /* `final` is that of all sources until rollup_close looks at the clock. */
    r->final = source->final && (r->final || r->stats.count == 0);
    r->src[place] = source->rev;
    r->late += source->late;
    window_stats_merge(&r->stats, &source->stats);
    if (source->final) {
        settle(&r->settled, place, source);
    }
    return true;
}

void rollup_close(struct rollup *r, int64_t now_ms, int64_t grace_ms)
{
    r->final = r->final && r->start_ms + r->level->length_ms + grace_ms <= now_ms;
}

void rollup_source_of_window(const struct window *w, struct rollup_source *out)
{
    *out = (struct rollup_source){
        .start_ms = w->start_ms, .rev = w->rev, .late = w->late, .final = w->final};
    window_total(w, &out->stats);
}

void rollup_source_of_rollup(const struct rollup *r, struct rollup_source *out)
{
    *out = (struct rollup_source){.start_ms = r->start_ms,
                                  .rev = r->rev,
                                  .late = r->late,
                                  .final = r->final,
                                  .stats = r->stats};
}

bool rollup_holds(const struct rollup *r, int64_t source_start_ms, int64_t rev)
{
    int place = place_of(r, source_start_ms);
    return place >= 0 && r->src[place] == rev;
}

/* Revisions begin again at 1 when an expired source comes back; then they may overtake the old
 * ones, but not with as many readings. */
enum rollup_verdict rollup_compare(const struct rollup *stored, const struct rollup *fresh)
{
    if (stored->rev == 0) {
        return fresh->stats.count > 0 ? ROLLUP_NEWER : ROLLUP_SAME;
    }
    bool newer = fresh->final && !stored->final;
    for (unsigned i = 0; i < ROLLUP_SOURCES_MAX; i++) {
        if (fresh->src[i] < stored->src[i]) {
            return ROLLUP_SOURCES_GONE;
        }
        newer = newer || fresh->src[i] > stored->src[i];
    }
    if (fresh->stats.count < stored->stats.count) {
        return ROLLUP_SOURCES_GONE;
    }
    return newer ? ROLLUP_NEWER : ROLLUP_SAME;
}
