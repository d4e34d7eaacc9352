/* Deliberate breakages: their names, and which one the environment asks for. */
#include "common/base/sabotage.h"

#ifdef WEIR_SABOTAGE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum breakage breakage_chosen;

const char *breakage_name(enum breakage b)
{
    static const char *const names[BREAK_COUNT] = {
        [BREAK_NOTHING] = "none",
        [BREAK_ANSWER_BEFORE_REPORT] = "answer_before_report",
        [BREAK_DROP_ON_FULL_QUEUE] = "drop_on_full_queue",
        [BREAK_COMMIT_BEFORE_FLUSH] = "commit_before_flush",
        [BREAK_AUTO_COMMIT] = "auto_commit",
        [BREAK_RESET_TO_LATEST] = "reset_to_latest",
        [BREAK_UNJOURNALED_WRITES] = "unjournaled_writes",
        [BREAK_NO_COMPARE_AND_SET] = "no_compare_and_set",
        [BREAK_INC_WITHOUT_GUARD] = "inc_without_guard",
        [BREAK_SKIP_ON_E11000] = "skip_on_e11000",
        [BREAK_DEAD_LETTER_ON_SOCKET_ERROR] = "dead_letter_on_socket_error",
        [BREAK_LETTER_WITHOUT_REPORT] = "letter_without_report",
        [BREAK_FUTURE_WATERMARK] = "future_watermark",
        [BREAK_REPLAY_WITHOUT_ID] = "replay_without_id",
        [BREAK_STATE_KEPT_AFTER_REVOKE] = "state_kept_after_revoke",
        [BREAK_LEDGER_BEFORE_WINDOWS] = "ledger_before_windows",
        [BREAK_FOLD_BEFORE_INSERTED] = "fold_before_inserted",
        [BREAK_ROLLUP_WITHOUT_CHECKPOINT] = "rollup_without_checkpoint",
    };
    return names[b];
}

/* Before main: a program needs no line for it. */
__attribute__((constructor)) static void choose(void)
{
    const char *wanted = getenv("BREAKAGE");
    if (!wanted || !*wanted)
        return;
    for (enum breakage b = BREAK_NOTHING; b < BREAK_COUNT; b++)
        if (strcmp(wanted, breakage_name(b)) == 0) {
            breakage_chosen = b;
            return;
        }
    fprintf(stderr, "BREAKAGE: no breakage is named '%s'\n", wanted);
    exit(2);
}

#endif
