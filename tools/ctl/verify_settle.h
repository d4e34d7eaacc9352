/* A second look at what seemed to differ; errors as in verify_ledger.h. */
#ifndef WEIR_CTL_VERIFY_SETTLE_H
#define WEIR_CTL_VERIFY_SETTLE_H

#include "tools/ctl/verify_state.h"

/* Looks again at the windows of a device and a start, and at the last state of a device, each read
 * before its readings; what differs then is a finding, and repaired if that was asked for. */
WEIR_MUST_CHECK int verify_settle_minute(struct verify *v, struct span device, int64_t start_ms,
                                         struct err *e);
WEIR_MUST_CHECK int verify_settle_device(struct verify *v, struct span device, struct err *e);

#endif
