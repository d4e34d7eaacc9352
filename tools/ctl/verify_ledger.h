/* Accounts against the log, and against the readings that are there. All return 0, or a negative
 * code: it could not be checked. Differences are findings; so with every part of verify. */
#ifndef WEIR_CTL_VERIFY_LEDGER_H
#define WEIR_CTL_VERIFY_LEDGER_H

#include "tools/ctl/verify_state.h"

/* Reads the ledgers and compares them with the log; fills recount, which the others need. */
WEIR_MUST_CHECK int verify_ledgers(struct verify *v, struct err *e);
/* Learns which readings may have expired. */
WEIR_MUST_CHECK int verify_learn_expiry(struct verify *v, struct err *e);
/* After a whole scan: as many readings as the ledgers say. */
WEIR_MUST_CHECK int verify_stored(struct verify *v, struct err *e);

#endif
