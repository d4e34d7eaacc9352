/* Where Kafka and the store are: the daemons' own rows, from flags, environment and file. */
#include "tools/ctl/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
const struct option_row ctl_setting_rows[] = {
    SETTINGS_KAFKA(struct ctl_settings, kafka),
    SETTINGS_MONGO(struct ctl_settings, mongo),
    {0},
};
/* clang-format on */

int ctl_settings_load(struct ctl_settings *s, const struct call *c)
{
    char *words[CALL_FLAGS_MAX + 1] = {(char *)(uintptr_t)c->path};
    memcpy(words + 1, c->setting, c->settings * sizeof *words);
    *s = (struct ctl_settings){
        .program = {.name = c->path, .summary = c->command->summary, .rows = c->command->settings}};
    enum options_outcome outcome = options_load(&s->options, &s->program, s, (int)c->settings + 1,
                                                words, environ, c->out, c->err);
    return outcome == OPTIONS_RUN ? CTL_OK : CTL_USAGE;
}

void ctl_settings_free(struct ctl_settings *s)
{
    options_free(s->options);
    s->options = NULL;
}
