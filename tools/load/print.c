/* Everything that weir-load writes to stdout. */
#include "tools/load/print.h"

#include <stdio.h>

#include "tools/load/bodies.h"
#include "tools/load/schedule.h"

static bool print(const struct buf *text)
{
    bool ok = fwrite(text->data, 1, text->len, stdout) == text->len;
    return fflush(stdout) == 0 && ok;
}

static bool print_and_free(struct buf *text)
{
    bool ok = print(text);
    buf_deinit(text);
    return ok;
}

bool print_help(void)
{
    struct buf text = {0};
    load_options_help(&text);
    return print_and_free(&text);
}

bool print_version(void)
{
    struct buf text = {0};
    buf_str(&text, "weir-load " WEIR_VERSION "\n");
    return print_and_free(&text);
}

bool print_bodies(const struct load_options *o, int64_t start_ms)
{
    struct schedule schedule;
    schedule_init(&schedule, o->devices, o->rps, o->duration_ms, o->requests);
    struct bodies *bodies = bodies_new(o->devices, (uint64_t)o->seed);
    struct buf line = {0};
    bool ok = true;
    for (uint64_t i = 0; i < schedule.limit && ok; i++) {
        int64_t after_ms = (int64_t)(schedule_due_ns(&schedule, i) / 1000000);
        buf_clear(&line);
        bodies_next(bodies, start_ms + after_ms, &line);
        buf_char(&line, '\n');
        ok = fwrite(line.data, 1, line.len, stdout) == line.len;
    }
    buf_deinit(&line);
    bodies_free(bodies);
    return fflush(stdout) == 0 && ok;
}

bool print_report(const struct report *r)
{
    struct buf text = {0}, failures = {0};
    unsigned failed = report_failures(r, &failures);
    if (r->options->json) {
        report_json(r, &text);
        fprintf(stderr, "%s%s", failed ? "weir-load: failed\n" : "", buf_cstr(&failures));
    } else {
        report_text(r, &text);
    }
    buf_deinit(&failures);
    return print_and_free(&text) && failed == 0;
}
