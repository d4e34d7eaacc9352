/* One key as it is known: everything but its secret. */
#include "common/auth/key_record.h"

#include <stdlib.h>

#include "common/base/xmalloc.h"
#include "common/model/device_pattern.h"

void key_record_init(struct key_record *k)
{
    *k = (struct key_record){.not_before_ms = KEY_EVER,
                             .expires_at_ms = KEY_NEVER,
                             .created_at_ms = KEY_EVER,
                             .revoked_at_ms = KEY_NEVER};
}

void key_record_deinit(struct key_record *k)
{
    for (unsigned i = 0; i < k->devices; i++)
        free(k->device[i]);
    free(k->device);
    free(k->note);
    key_record_init(k);
}

enum key_state key_record_state(const struct key_record *k, int64_t now_ms)
{
    if (k->revoked_at_ms != KEY_NEVER)
        return KEY_REVOKED;
    if (now_ms >= k->expires_at_ms)
        return KEY_EXPIRED;
    return now_ms < k->not_before_ms ? KEY_PENDING : KEY_ACTIVE;
}

const char *key_state_name(enum key_state state)
{
    static const char *const names[KEY_STATES] = {
        [KEY_ACTIVE] = "active",
        [KEY_PENDING] = "pending",
        [KEY_EXPIRED] = "expired",
        [KEY_REVOKED] = "revoked",
    };
    return names[state];
}

void key_record_add_device(struct key_record *k, const char *pattern)
{
    k->device = xreallocarray(k->device, k->devices + 1, sizeof k->device[0]);
    k->device[k->devices++] = xstrdup(pattern);
}

bool key_record_allows(const struct key_record *k, struct span device_id)
{
    if (!k || k->devices == 0)
        return true;
    for (unsigned i = 0; i < k->devices; i++)
        if (device_pattern_matches(span_str(k->device[i]), device_id))
            return true;
    return false;
}
