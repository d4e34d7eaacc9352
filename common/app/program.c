/* The main function that the daemons share. */
#include "common/app/program.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/http/probe.h"

static int64_t number_at(const void *settings, size_t offset)
{
    return *(const int64_t *)(const void *)((const char *)settings + offset);
}

/* The limits that this program has options for. */
static void set_limits(struct http_server_options *o, const struct program *p, const void *settings)
{
    if (p->max_body_bytes)
        o->limits.body_bytes = (size_t)number_at(settings, p->max_body_bytes);
    if (p->max_connections)
        o->max_connections = (unsigned)number_at(settings, p->max_connections);
    if (p->max_connections_per_address)
        o->max_connections_per_address =
            (unsigned)number_at(settings, p->max_connections_per_address);
    if (p->max_in_flight)
        o->max_in_flight = (unsigned)number_at(settings, p->max_in_flight);
    if (p->max_buffered_bytes)
        o->max_buffered_bytes = (size_t)number_at(settings, p->max_buffered_bytes);
    o->gather = p->gather;
}

static const struct settings_common *common_of(const struct program *p, const void *settings)
{
    return (const void *)((const char *)settings + p->settings_common);
}

static struct daemon_settings daemon_settings(const struct program *p, const void *settings)
{
    const struct settings_common *common = common_of(p, settings);
    struct daemon_settings ds = {
        .listen = common->listen,
        .log_level = common->log_level,
        .log_format = common->log_format,
        .notify_socket = getenv("NOTIFY_SOCKET"),
        .drain_ms = common->drain_ms,
        .drain_delay_ms = common->drain_delay_ms,
        .http = http_server_defaults(common->listen),
    };
    set_limits(&ds.http, p, settings);
    return ds;
}

static int run(const struct program *p, const void *settings, const struct options *options)
{
    const struct daemon_settings ds = daemon_settings(p, settings);
    struct daemon *daemon = NULL;
    void *service = NULL;
    struct err e = {0};
    int status = 1;
    if (daemon_new(&daemon, p->options->name, &ds, &e) == 0 &&
        p->new_service(&service, settings, options, daemon, &e) == 0)
        status = daemon_run(daemon, p->spec(service));
    else
        fprintf(stderr, "%s: %s\n", p->options->name, e.message);
    if (!p->free_service(service)) {
        fflush(NULL);
        _exit(status);
    }
    daemon_free(daemon);
    return status;
}

static int probe(const struct program *p, const void *settings, const char *what)
{
    const struct settings_common *common = common_of(p, settings);
    struct probe_target target;
    const struct clock clock = clock_system();
    struct err e = {0};
    int status = 0;
    if (probe_target_parse(&target, what, common->listen, &e) != 0)
        status = 2;
    else if (probe_ask(&target, &clock, PROBE_DEADLINE_MS, &e) != 0)
        status = 1;
    if (status != 0)
        fprintf(stderr, "%s: --probe: %s\n", p->options->name, e.message);
    return status;
}

int program_main(const struct program *p, int argc, char **argv)
{
    /* Before anything else of libevent: then event_new never gives NULL, wherever it is called. */
    event_set_mem_functions(xmalloc, xrealloc, free);
    void *settings = xcalloc(1, p->settings_size);
    struct options *options = NULL;
    int status = 2;
    enum options_outcome outcome =
        options_load(&options, p->options, settings, argc, argv, environ, stdout, stderr);
    if (outcome == OPTIONS_RUN && options_probe(options))
        status = probe(p, settings, options_probe(options));
    else if (outcome == OPTIONS_RUN)
        status = run(p, settings, options);
    else if (outcome == OPTIONS_EXIT_OK)
        status = 0;
    options_free(options);
    free(settings);
    return status;
}
