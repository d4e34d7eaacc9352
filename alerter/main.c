/* weir-alerter: judges readings by rules, keeps alert episodes and tells of their transitions. */
#include "alerter/service.h"
#include "common/app/program.h"

int main(int argc, char **argv)
{
    const struct program program = {
        .options = &alerter_program,
        .settings_size = sizeof(struct alerter_settings),
        .settings_common = offsetof(struct alerter_settings, common),
        .new_service = alerter_new,
        .spec = alerter_spec,
        .free_service = alerter_free,
    };
    return program_main(&program, argc, argv);
}
