/* The commands of weirctl: a file each, a line here and a row in main.c. */
#ifndef WEIR_CTL_COMMANDS_H
#define WEIR_CTL_COMMANDS_H

#include "tools/ctl/command.h"

extern const struct command command_dlq, command_doctor, command_key, command_purge, command_verify;

#endif
