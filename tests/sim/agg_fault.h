/* What happens to the calls of the simulated store. */
#ifndef WEIR_TESTS_SIM_AGG_FAULT_H
#define WEIR_TESTS_SIM_AGG_FAULT_H

#include <stdbool.h>

#include "common/base/err.h"

struct node;

/* Nothing wrong; refused before any effect; only some of its parts take effect and the caller hears
 * nothing; all take effect and the answer is lost. A crash leaves the same marks on the world, but
 * the caller never gets to repeat the call. */
enum fault { FAULT_NONE, FAULT_BEFORE, FAULT_HALF, FAULT_ANSWER_LOST };

/* Of one call; time goes on, and the process may die now. */
enum fault fault_draw(struct node *n);
/* Whether one part of it takes effect. */
bool fault_takes_effect(struct node *n, enum fault f);
/* Whether a part that has no effect now will have one some time; and one that has, no other. */
bool fault_comes_late(struct node *n, enum fault f, unsigned one_in);
int fault_answer(enum fault f, struct err *e);
/* The end of a write: its answer. */
int fault_written(struct node *n, enum fault f, struct err *e);
/* Where the store may be replaced by another one. */
void fault_change_store(struct node *n);

#endif
