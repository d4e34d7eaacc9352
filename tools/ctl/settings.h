/* What the commands that look at a running Weir share with the daemons: where Kafka and the store
 * are, and what topics and collections are called. */
#ifndef WEIR_CTL_SETTINGS_H
#define WEIR_CTL_SETTINGS_H

#include "common/app/settings.h"
#include "tools/ctl/command.h"

struct ctl_settings {
    struct settings_kafka kafka;
    struct settings_mongo mongo;
    struct options_program program;
    struct options *options; /* owned: every string above */
};

/* For struct command: the rows that a command uses. Its help shows no others, and they are no
 * flags of it; in the environment and the file they may stand. */
extern const struct option_row ctl_rows_dlq[], ctl_rows_dlq_replay[], ctl_rows_doctor[],
    ctl_rows_purge[], ctl_rows_verify[];

/* Settles the flags of the call, the environment and the file. CTL_OK, or CTL_USAGE after every
 * error was told. Free it in either case. */
int ctl_settings_load(struct ctl_settings *s, const struct call *c);
void ctl_settings_free(struct ctl_settings *s);

#endif
