/* Settings as one table: flag > environment > file > default, with --help and its friends. */
#include "common/app/options.h"

#include "common/app/option_flags.h"
#include "common/app/option_help.h"
#include "common/app/option_set.h"
#include "common/app/option_sources.h"
#include "common/app/version.h"
#include "common/base/xmalloc.h"

static void list_properties(struct options *o)
{
    o->property = xcalloc(o->kafka_count + 1, sizeof o->property[0]);
    for (size_t i = 0; i < o->kafka_count; i++)
        o->property[i] =
            (struct kafka_property){.name = o->kafka[i].name, .value = o->kafka[i].value};
}

static void gather(struct options *o, void *settings, char **environ_)
{
    option_sources_environment(o, environ_);
    if (o->config_path)
        option_sources_file(o, o->config_path);
    option_set_settle(o, settings);
    option_set_check_kafka(o);
    list_properties(o);
    if (o->program->check)
        o->program->check(o, settings);
}

static void print_errors(struct options *o, FILE *out)
{
    fprintf(out, "%s: %u error%s in the settings:\n%s", o->program->name, o->error_count,
            o->error_count == 1 ? "" : "s", buf_cstr(&o->errors));
    fprintf(out, "Try '%s --help'.\n", o->program->name);
}

enum options_outcome options_load(struct options **out, const struct options_program *program,
                                  void *settings, int argc, char **argv, char **environ_,
                                  FILE *stdout_, FILE *stderr_)
{
    struct options *o = *out = option_set_new(program);
    enum option_command command = option_flags_read(o, argc, argv);
    if (command == OPTION_CMD_HELP || command == OPTION_CMD_HELP_MARKDOWN) {
        (command == OPTION_CMD_HELP ? option_help_text : option_help_markdown)(program, stdout_);
        return OPTIONS_EXIT_OK;
    }
    if (command == OPTION_CMD_VERSION) {
        version_print(program->name, stdout_);
        return OPTIONS_EXIT_OK;
    }
    gather(o, settings, environ_);
    if (o->error_count > 0) {
        print_errors(o, stderr_);
        return OPTIONS_EXIT_USAGE;
    }
    if (command == OPTION_CMD_PRINT_CONFIG)
        option_help_print(o, stdout_);
    else if (command == OPTION_CMD_CHECK_CONFIG)
        fprintf(stdout_, "%s: the settings are valid\n", program->name);
    return command == OPTION_CMD_RUN ? OPTIONS_RUN : OPTIONS_EXIT_OK;
}
