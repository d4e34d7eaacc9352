/* weirctl: what an operator does to a running Weir, a command for each. */
#include <signal.h>

#include "tools/ctl/command.h"
#include "tools/ctl/commands.h"

static const struct command *const commands[] = {
    &command_dlq, &command_doctor, &command_key, &command_purge, &command_verify, NULL,
};

int main(int argc, char **argv)
{
    static const struct command weirctl = {
        .name = "weirctl",
        .summary = "what an operator does to a running Weir.",
        .sub = commands,
    };
    signal(SIGPIPE, SIG_IGN);
    return command_run(&weirctl, argc, argv, stdout, stderr);
}
