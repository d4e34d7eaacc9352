/* weir-ingest: takes readings over HTTP and answers when Kafka has them. */
#include "common/app/program.h"
#include "ingest/ingest.h"

int main(int argc, char **argv)
{
    const struct program program = {
        .options = &ingest_program,
        .settings_size = sizeof(struct settings),
        .settings_common = offsetof(struct settings, common),
        .max_body_bytes = offsetof(struct settings, max_body_bytes),
        .max_connections = offsetof(struct settings, max_connections),
        .max_connections_per_address = offsetof(struct settings, max_connections_per_address),
        .max_in_flight = offsetof(struct settings, max_in_flight),
        .max_buffered_bytes = offsetof(struct settings, max_buffered_bytes),
        .gather = true,
        .new_service = ingest_new,
        .spec = ingest_spec,
        .free_service = ingest_free,
    };
    return program_main(&program, argc, argv);
}
