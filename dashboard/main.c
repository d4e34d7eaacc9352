/* weir-dashboard: the query API that operators and their tools read the store through. */
#include "common/app/program.h"
#include "dashboard/service.h"

int main(int argc, char **argv)
{
    const struct program program = {
        .options = &dashboard_program,
        .settings_size = sizeof(struct settings),
        .settings_common = offsetof(struct settings, common),
        .new_service = service_new,
        .spec = service_spec,
        .free_service = service_free,
    };
    return program_main(&program, argc, argv);
}
