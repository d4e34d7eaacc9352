/* The main function that the daemons share: settings, daemon, service, run, and all of it undone.
 */
#ifndef WEIR_APP_PROGRAM_H
#define WEIR_APP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/app/daemon.h"
#include "common/app/settings.h"

/* What makes one daemon different from another. */
struct program {
    const struct options_program *options;
    size_t settings_size;   /* of the struct that options_load fills ... */
    size_t settings_common; /* ... and where in it the struct settings_common is */
    /* Where in it, as int64_t, limits of the server are; 0 = its defaults. */
    size_t max_body_bytes, max_connections, max_connections_per_address;
    size_t max_in_flight, max_buffered_bytes;
    bool gather; /* as in struct http_server_options */
    /* Builds the parts; must wait for nobody. All arguments are borrowed until free_service. */
    int (*new_service)(void **out, const void *settings, const struct options *options,
                       struct daemon *d, struct err *e);
    const struct daemon_spec *(*spec)(void *service);
    /* NULL is allowed. False: a thread of a library could not be ended (a frozen broker) and was
     * left behind; everything durable happened before, and the process ends without its
     * destructors. */
    bool (*free_service)(void *service);
};

/* Returns the exit status: 0 clean stop, 1 runtime failure, 2 usage or configuration. */
int program_main(const struct program *p, int argc, char **argv);

#endif
