/* Accounts against the dead letters; errors as in verify_ledger.h. */
#ifndef WEIR_CTL_VERIFY_LETTERS_H
#define WEIR_CTL_VERIFY_LETTERS_H

#include "tools/ctl/verify_state.h"

/* After verify_ledgers: as many dead letters as they say. */
WEIR_MUST_CHECK int verify_letters(struct verify *v, struct err *e);

#endif
