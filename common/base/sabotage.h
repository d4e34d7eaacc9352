/* Deliberate breakages, each a mistake that loses, doubles or invents readings, to prove that the
 * tests would notice one. `make SABOTAGE=1` compiles them in and BREAKAGE=no_compare_and_set
 * chooses one; in every other build SABOTAGED() is the constant false and nothing of them is left.
 */
#ifndef WEIR_BASE_SABOTAGE_H
#define WEIR_BASE_SABOTAGE_H

#include <stdbool.h>

enum breakage {
    BREAK_NOTHING,
    BREAK_ANSWER_BEFORE_REPORT,        /* 2xx when the producer has the reading, not the broker */
    BREAK_DROP_ON_FULL_QUEUE,          /* a reading the producer has no room for counts as sent */
    BREAK_COMMIT_BEFORE_FLUSH,         /* offsets before the windows they stand for */
    BREAK_AUTO_COMMIT,                 /* the library commits what it has handed out */
    BREAK_RESET_TO_LATEST,             /* a group without a commit begins at the end */
    BREAK_UNJOURNALED_WRITES,          /* the store answers from memory */
    BREAK_NO_COMPARE_AND_SET,          /* who lost a race writes over the winner */
    BREAK_INC_WITHOUT_GUARD,           /* what a window includes already is added again */
    BREAK_SKIP_ON_E11000,              /* "it exists, so it is done" */
    BREAK_DEAD_LETTER_ON_SOCKET_ERROR, /* trouble of the store is blamed on records */
    BREAK_LETTER_WITHOUT_REPORT,       /* a dead letter counts as sent when the send failed */
    BREAK_FUTURE_WATERMARK,            /* a device's clock closes the windows of others */
    BREAK_REPLAY_WITHOUT_ID,           /* the id tells where a reading stands, not what it is */
    BREAK_STATE_KEPT_AFTER_REVOKE,     /* positions outlive the windows they stand for */
    BREAK_LEDGER_BEFORE_WINDOWS,       /* the ledger counts what no window has */
    BREAK_FOLD_BEFORE_INSERTED,        /* an insertion that was begun counts as done */
    BREAK_ROLLUP_WITHOUT_CHECKPOINT,   /* a rollup begins with what changes from now on */
    BREAK_COUNT,
};

#ifdef WEIR_SABOTAGE
/* Of the environment, when the program starts; a name that does not exist ends it. */
extern enum breakage breakage_chosen;
#define SABOTAGED(breakage) (breakage_chosen == (breakage))

const char *breakage_name(enum breakage b);
#else
#define SABOTAGED(breakage) false
#endif

#endif
