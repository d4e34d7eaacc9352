/* The commands about keys, and what they share. */
#ifndef WEIR_CTL_KEY_H
#define WEIR_CTL_KEY_H

#include "tools/ctl/command.h"

extern const struct command command_key_create, command_key_list, command_key_revoke;

/* The row of --file. */
#define KEY_FILE_FLAG                                                              \
    {                                                                              \
        .name = "file", .value = "F", .env = "API_KEYS_FILE", .required = true,    \
        .help = "The keys file, the one that API_KEYS_FILE names to the daemons.", \
    }

#endif
