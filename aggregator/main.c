/* weir-aggregator: stores readings, folds them into windows and last states, each exactly once. */
#include "aggregator/service.h"
#include "common/app/program.h"

int main(int argc, char **argv)
{
    const struct program program = {
        .options = &aggregator_program,
        .settings_size = sizeof(struct settings),
        .settings_common = offsetof(struct settings, common),
        .new_service = service_new,
        .spec = service_spec,
        .free_service = service_free,
    };
    return program_main(&program, argc, argv);
}
