/* What differs, what is excused, and a second look at the rest; errors as in verify_ledger.h. */
#ifndef WEIR_CTL_VERIFY_SETTLE_H
#define WEIR_CTL_VERIFY_SETTLE_H

#include "tools/ctl/verify_state.h"

/* Whether a stored window is not the one of its readings. */
bool verify_window_differs(const struct minute_window *w, struct difference *d);

/* Whether what differs may be right, because readings that it was made of have expired: no second
 * look would tell more. */
bool verify_window_has_expired(const struct verify *v, const struct minute_window *w);
bool verify_device_has_expired(const struct verify *v, const struct device_state *have,
                               const struct device_state *want);

/* Looks again at the windows of a device and a start, and at the last state of a device, each read
 * before its readings; what differs then is a finding, and repaired if that was asked for. */
WEIR_MUST_CHECK int verify_settle_minute(struct verify *v, struct span device, int64_t start_ms,
                                         struct err *e);
WEIR_MUST_CHECK int verify_settle_device(struct verify *v, struct span device, struct err *e);

#endif
