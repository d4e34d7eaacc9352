/* What the simulated store has taken but not written to its journal yet: gone when it dies. An
 * answer from the journal makes everything before it durable, as one log does; so what is lost is
 * what nobody was told of, unless the store answers from memory. */
#ifndef WEIR_TESTS_SIM_AGG_JOURNAL_H
#define WEIR_TESTS_SIM_AGG_JOURNAL_H

#include "common/base/span.h"
#include "common/model/window.h"

struct world;

enum change_kind { CHANGE_RAW, CHANGE_WINDOW, CHANGE_DEVICE, CHANGE_LEDGER, CHANGE_KINDS };

struct change {
    enum change_kind kind;
    char key[WINDOW_ID_MAX];
    void *old; /* owned; NULL = there was none */
};

/* Newest last; zero is empty. */
struct journal {
    struct change *tail; /* owned */
    size_t count, cap;
};

/* `key` was changed, and this is what it was before. Takes ownership of `old`. */
void journal_note(struct world *w, enum change_kind kind, struct span key, void *old);
/* All of it is durable. */
void journal_sync(struct world *w);
/* The store died and is up again. */
void journal_crash(struct world *w);
/* What would be left of `key` if it died now; `now` is what it holds. */
const void *journal_durable(const struct world *w, enum change_kind kind, struct span key,
                            const void *now);
void journal_deinit(struct world *w);

#endif
