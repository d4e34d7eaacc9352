/* Reads the command line into an option set. */
#ifndef WEIR_APP_OPTION_FLAGS_H
#define WEIR_APP_OPTION_FLAGS_H

#include "common/app/option_set.h"

/* What the command line asks for instead of running; of several the last. */
enum option_command {
    OPTION_CMD_RUN,
    OPTION_CMD_HELP,
    OPTION_CMD_HELP_MARKDOWN,
    OPTION_CMD_VERSION,
    OPTION_CMD_PRINT_CONFIG,
    OPTION_CMD_CHECK_CONFIG
};

/* Also finds --config FILE. */
enum option_command option_flags_read(struct options *o, int argc, char **argv);

#endif
