/* What a write does to the simulated store: each is one document, with what it expects to find. It
 * may come late: after the client gave it up, sent it again and went on. */
#ifndef WEIR_TESTS_SIM_AGG_EFFECT_H
#define WEIR_TESTS_SIM_AGG_EFFECT_H

#include "tests/sim/agg_journal.h"

struct effect {
    enum change_kind kind;
    char key[WINDOW_ID_MAX];
    void *document;   /* owned: raw_document, window, device_state, ledger */
    int64_t expected; /* the revision it replaces (0 = none), or the ledger's next offset (-1) */
};

enum { EFFECTS_LATE_MAX = 32 };

/* On their way, in no order. */
struct late_effects {
    struct effect item[EFFECTS_LATE_MAX];
    unsigned count;
};

/* Takes ownership of the document. False: the store holds something else than was expected. */
bool effect_apply(struct world *w, struct effect *e);
/* It will be applied some time, or never when there are too many. Takes ownership. */
void effect_delay(struct world *w, struct effect *e);
/* It never happens. */
void effect_drop(struct effect *e);
/* One of those on their way arrives. */
void effect_deliver(struct world *w);
void effect_deinit(struct world *w);

#endif
