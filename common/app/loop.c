/* An event loop that one thread has to itself. */
#include "common/app/loop.h"

int loop_new(struct event_base **out, struct err *e)
{
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        *out = event_base_new_with_config(config);
        event_config_free(config);
    }
    return config && *out ? 0 : err_set(e, ERR_IO, "cannot make an event loop");
}
