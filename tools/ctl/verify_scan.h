/* One pass over all readings, windows and last states; errors as in verify_ledger.h. */
#ifndef WEIR_CTL_VERIFY_SCAN_H
#define WEIR_CTL_VERIFY_SCAN_H

#include "tools/ctl/verify_state.h"

WEIR_MUST_CHECK int verify_scan(struct verify *v, struct err *e);

#endif
