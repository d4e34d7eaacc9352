/* weirctl dlq list: dead letters by cause, or one by one. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/base/xmalloc.h"
#include "tools/ctl/dlq.h"
#include "tools/ctl/when.h"

static const struct flag flags[] = {
    DLQ_FILTER_FLAGS,
    {.name = "each", .help = "A line for each letter, not for each cause."},
    {.name = "json", .help = "One JSON object a line."},
    {0},
};

/* Letters of one cause. */
struct cause {
    uint64_t count;
    int64_t first_ms, last_ms; /* TIMESTAMP_MIN_MS - 1 = not said */
    char example[40];          /* id of the newest */
};

struct listing {
    const struct call *call;
    bool each, json;
    struct map *causes; /* signature -> struct cause */
};

static void put_time(struct buf *out, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX] = "-";
    if (ms >= TIMESTAMP_MIN_MS)
        timestamp_format(ms, text);
    buf_str(out, text);
}

static void put_json_time(struct buf *out, const char *name, int64_t ms)
{
    buf_printf(out, ",\"%s\":", name);
    buf_char(out, '"');
    put_time(out, ms);
    buf_char(out, '"');
}

/* A key is bytes of somebody, and JSON is UTF-8. */
static void put_json_text(struct buf *out, struct span text)
{
    struct buf plain = {0};
    if (!utf8_valid(text))
        dlq_put_plain(&plain, text);
    buf_json_string(out, plain.len > 0 ? buf_view(&plain) : text);
    buf_deinit(&plain);
}

static void print(const struct call *c, struct buf *line)
{
    buf_char(line, '\n');
    (void)fwrite(line->data, 1, line->len, c->out);
    buf_deinit(line);
}

/* --- one by one ------------------------------------------------------------------------------- */

static void print_letter(const struct listing *l, const struct dlq_letter *letter)
{
    const struct dead_letter_read *b = &letter->body;
    struct buf line = {0};
    if (l->json) {
        buf_printf(&line, "{\"id\":\"%s\",\"code\":", letter->id);
        put_json_text(&line, b->code);
        buf_str(&line, ",\"device\":");
        put_json_text(&line, letter->record->key);
        buf_str(&line, ",\"message\":");
        put_json_text(&line, b->message);
        put_json_time(&line, "failed_at", b->failed_at_ms);
        buf_printf(&line, ",\"origin\":\"%.*s/%lld/%lld\",\"replays\":%lld}", (int)b->topic.len,
                   b->topic.p, (long long)b->partition, (long long)b->offset,
                   (long long)letter->round);
    } else {
        buf_printf(&line, "%-10s ", letter->id);
        put_time(&line, b->failed_at_ms);
        buf_printf(&line, " %lld  ", (long long)letter->round);
        dlq_put_plain(&line, letter->record->key);
        buf_str(&line, "  ");
        dlq_put_plain(&line, b->code);
        buf_str(&line, ": ");
        dlq_put_plain(&line, b->message);
    }
    print(l->call, &line);
}

/* --- by cause --------------------------------------------------------------------------------- */

static void count_letter(struct listing *l, const struct dlq_letter *letter)
{
    struct buf signature = {0};
    int64_t at = letter->body.failed_at_ms;
    dead_letter_signature(&letter->body, &signature);
    struct cause *cause = map_get(l->causes, buf_view(&signature));
    if (!cause) {
        cause = xcalloc(1, sizeof *cause);
        *cause = (struct cause){.first_ms = at, .last_ms = at - 1};
        map_put(l->causes, buf_view(&signature), cause);
    }
    buf_deinit(&signature);
    cause->count++;
    cause->first_ms = at < cause->first_ms ? at : cause->first_ms;
    if (at >= cause->last_ms) {
        cause->last_ms = at;
        memcpy(cause->example, letter->id, sizeof cause->example);
    }
}

static bool print_cause(void *arg, struct span signature, void *value)
{
    const struct listing *l = arg;
    const struct cause *cause = value;
    struct buf line = {0};
    if (l->json) {
        buf_printf(&line, "{\"count\":%llu,\"cause\":", (unsigned long long)cause->count);
        put_json_text(&line, signature);
        put_json_time(&line, "first", cause->first_ms);
        put_json_time(&line, "last", cause->last_ms);
        buf_printf(&line, ",\"example\":\"%s\"}", cause->example);
    } else {
        buf_printf(&line, "%8llu  ", (unsigned long long)cause->count);
        put_time(&line, cause->first_ms);
        buf_str(&line, "  ");
        put_time(&line, cause->last_ms);
        buf_printf(&line, "  %-9s ", cause->example);
        dlq_put_plain(&line, signature);
    }
    print(l->call, &line);
    return true;
}

static bool take(void *arg, const struct dlq_letter *letter)
{
    struct listing *l = arg;
    if (l->each)
        print_letter(l, letter);
    else
        count_letter(l, letter);
    return true;
}

static void print_head(const struct listing *l)
{
    if (l->json)
        return;
    if (l->each)
        fprintf(l->call->out, "%-10s %-24s R  %s\n", "ID", "FAILED AT", "DEVICE  CAUSE");
    else
        fprintf(l->call->out, "%8s  %-24s  %-24s  %-9s %s\n", "COUNT", "FIRST", "LAST", "EXAMPLE",
                "CAUSE");
}

static int list(const struct call *c, struct dlq *d, struct err *e)
{
    struct listing l = {.call = c, .each = call_has(c, "each"), .json = call_has(c, "json")};
    struct clock clock = clock_system();
    struct dlq_filter f;
    if (dlq_filter_read(&f, c, clock_wall_ms(&clock), e) != 0)
        return CTL_USAGE;
    l.causes = map_new(random_seed());
    print_head(&l);
    int rc = dlq_each(d, &f, take, &l, e);
    if (rc == 0 && !l.each)
        map_each(l.causes, print_cause, &l);
    map_free(l.causes, free);
    if (rc == 0 && d->unreadable)
        fprintf(c->err, "%llu records of the topic are no dead letters\n",
                (unsigned long long)d->unreadable);
    return rc ? CTL_FAILED : CTL_OK;
}

static int run(const struct call *c)
{
    struct dlq d;
    struct err e = {0};
    int status = dlq_open(&d, c);
    if (status == CTL_OK) {
        status = list(c, &d, &e);
        status = status == CTL_OK ? call_finish(c) : call_fail(c, status, "%s", e.message);
    }
    dlq_close(&d);
    return status;
}

const struct command command_dlq_list = {
    .name = "list",
    .summary = "shows the dead letters, grouped by cause.",
    .flags = flags,
    .settings = ctl_rows_dlq,
    .run = run,
    .help =
        "Letters with the same code and, but for numbers and quotations, the same message have\n"
        "one cause: a line with how many, the first and the last time, and the newest of them, "
        "for\n"
        "'weirctl dlq show'. With --each: id, time, R = how often it was replayed, device, cause.\n"
        "A letter that was written more than once (it is sent at least once) counts once.\n"
        "\n"
        "Examples\n"
        "  weirctl dlq list\n"
        "  weirctl dlq list --reason future --from -1d --each\n",
};
