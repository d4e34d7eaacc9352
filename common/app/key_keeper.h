/* The keys of a daemon, kept up to date: looks at the keys file once a second and on SIGHUP, and
 * tells in log, metrics and /readyz what became of it. */
#ifndef WEIR_APP_KEY_KEEPER_H
#define WEIR_APP_KEY_KEEPER_H

#include "common/app/daemon.h"
#include "common/app/settings.h"
#include "common/auth/key_store.h"

struct key_keeper;

/* Reads the file, and adds weir_api_keys{state} and weir_api_keys_reload_errors_total. The daemon
 * is borrowed until key_keeper_free. */
WEIR_MUST_CHECK int key_keeper_new(struct key_keeper **out, const struct settings_auth *settings,
                                   struct daemon *d, struct err *e);
/* After every reader of the store. NULL is allowed. */
void key_keeper_free(struct key_keeper *k);

struct key_store *key_keeper_store(struct key_keeper *k);

/* From daemon_spec.start: begins to look. `open_to_all` is what the log says when authentication is
 * off: "anyone who reaches the port may send readings". */
WEIR_MUST_CHECK int key_keeper_start(struct key_keeper *k, const char *open_to_all, struct err *e);

/* From daemon_spec.reload: reads the file now, whether it has changed or not. */
void key_keeper_reload(struct key_keeper *k);

/* From daemon_spec.describe, on any thread: ,"authentication":"on" or "off", and "api_keys_error"
 * while the file on disk cannot be used. */
void key_keeper_describe(struct key_keeper *k, struct buf *json);

#endif
