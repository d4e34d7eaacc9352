/* Which build this is, and of which libraries. */
#include "common/app/version.h"

#include <event2/event.h>
#include <openssl/crypto.h>

#include "common/kafka/config.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *version_number(void)
{
    return WEIR_VERSION;
}

const char *version_revision(void)
{
    return WEIR_REVISION;
}

void version_print(const char *program, FILE *out)
{
    fprintf(out, "%s %s\n", program, version_number());
    fprintf(out, "revision   %s\n", version_revision());
    fprintf(out, "compiler   %s\n", COMPILER);
    fprintf(out, "librdkafka %s\n", kafka_library_version());
    fprintf(out, "libevent   %s\n", event_get_version());
    fprintf(out, "OpenSSL    %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
}

void version_export(struct metrics *m)
{
    struct metric *info =
        metrics_add(m, METRIC_GAUGE, "weir_build_info",
                    "Version and revision of this build; always 1.", "version,revision");
    metric_set(info, METRIC_LABELS(version_number(), version_revision()), 1);
}
