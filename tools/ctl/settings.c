/* Where Kafka and the store are: the daemons' own rows, from flags, environment and file. */
#include "tools/ctl/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
#define KAFKA(rows) rows(struct ctl_settings, kafka)
#define MONGO(rows) rows(struct ctl_settings, mongo)

/* What is understood in environment and file, which are shared with the daemons and with commands
 * that use more of it. */
static const struct option_row all_rows[] = {KAFKA(SETTINGS_KAFKA), MONGO(SETTINGS_MONGO), {0}};

const struct option_row ctl_rows_dlq[] = {KAFKA(SETTINGS_BROKERS), KAFKA(SETTINGS_DLQ_TOPIC), {0}};
const struct option_row ctl_rows_dlq_replay[] = {
    KAFKA(SETTINGS_BROKERS), KAFKA(SETTINGS_TELEMETRY_TOPIC), KAFKA(SETTINGS_DLQ_TOPIC),
    MONGO(SETTINGS_DATABASE), {0},
};
const struct option_row ctl_rows_doctor[] = {
    KAFKA(SETTINGS_BROKERS), KAFKA(SETTINGS_TELEMETRY_TOPIC), KAFKA(SETTINGS_DLQ_TOPIC),
    KAFKA(SETTINGS_ALERTS_TOPIC), KAFKA(SETTINGS_PARTITIONS), MONGO(SETTINGS_MONGO), {0},
};
const struct option_row ctl_rows_purge[] = {
    KAFKA(SETTINGS_BROKERS), KAFKA(SETTINGS_DLQ_TOPIC), MONGO(SETTINGS_MONGO), {0},
};
const struct option_row ctl_rows_verify[] = {
    KAFKA(SETTINGS_BROKERS), KAFKA(SETTINGS_TELEMETRY_TOPIC), KAFKA(SETTINGS_DLQ_TOPIC),
    MONGO(SETTINGS_DATABASE), MONGO(SETTINGS_RAW_AND_AGG), {0},
};
/* clang-format on */

int ctl_settings_load(struct ctl_settings *s, const struct call *c)
{
    char *words[CALL_FLAGS_MAX + 1] = {(char *)(uintptr_t)c->path};
    memcpy(words + 1, c->setting, c->settings * sizeof *words);
    *s = (struct ctl_settings){
        .program = {.name = c->path, .summary = c->command->summary, .rows = all_rows}};
    enum options_outcome outcome = options_load(&s->options, &s->program, s, (int)c->settings + 1,
                                                words, environ, c->out, c->err);
    return outcome == OPTIONS_RUN ? CTL_OK : CTL_USAGE;
}

void ctl_settings_free(struct ctl_settings *s)
{
    options_free(s->options);
    s->options = NULL;
}
