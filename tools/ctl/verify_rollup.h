/* Rollups against what they were folded from; errors as in verify_ledger.h. */
#ifndef WEIR_CTL_VERIFY_ROLLUP_H
#define WEIR_CTL_VERIFY_ROLLUP_H

#include "tools/ctl/verify_state.h"

/* Hours against windows and days against hours; only worth while when the windows are right. */
WEIR_MUST_CHECK int verify_rollups(struct verify *v, struct err *e);

#endif
