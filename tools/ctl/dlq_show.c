/* weirctl dlq show: everything that is known of single dead letters. */
#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "tools/ctl/dlq.h"
#include "tools/ctl/when.h"

static const struct flag flags[] = {
    {.name = "original", .help = "Only the bytes of the original record, as they were."},
    {.name = "json", .help = "The letter as it stands in the topic, one JSON object a line."},
    {0},
};

struct showing {
    const struct call *call;
    bool original, json;
};

static void put_row(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, "%-12s", name);
    dlq_put_plain(out, text);
    buf_char(out, '\n');
}

static void put_time(struct buf *out, int64_t ms)
{
    char text[TIMESTAMP_TEXT_MAX] = "-";
    if (ms >= TIMESTAMP_MIN_MS)
        timestamp_format(ms, text);
    put_row(out, "failed at", span_str(text));
}

static void put_page(struct buf *out, const struct dlq_letter *letter)
{
    const struct dead_letter_read *b = &letter->body;
    put_row(out, "letter", span_str(letter->id));
    put_time(out, b->failed_at_ms);
    put_row(out, "code", b->code);
    put_row(out, "message", b->message);
    buf_printf(out, "%-12s%.*s, %lld attempts, by %.*s\n", "class", (int)b->class.len, b->class.p,
               (long long)b->attempts, (int)b->worker.len, b->worker.p);
    buf_printf(out, "%-12s%.*s/%lld/%lld\n", "origin", (int)b->topic.len, b->topic.p,
               (long long)b->partition, (long long)b->offset);
    put_row(out, "device", letter->record->key);
    buf_printf(out, "%-12s%lld\n", "replays", (long long)letter->round);
    for (unsigned i = 0; i < letter->record->header_count; i++) {
        const struct kafka_header *h = &letter->record->headers[i];
        buf_printf(out, "%-12s%s: ", i == 0 ? "headers" : "", h->name);
        dlq_put_plain(out, h->value);
        buf_char(out, '\n');
    }
    put_row(out, b->truncated ? "original (cut)" : "original", b->original);
}

static bool take(void *arg, const struct dlq_letter *letter)
{
    const struct showing *s = arg;
    struct buf out = {0};
    if (s->original)
        buf_span(&out, letter->body.original);
    else if (s->json)
        buf_span(&out, letter->record->value);
    else
        put_page(&out, letter);
    if (!s->original)
        buf_char(&out, '\n');
    (void)fwrite(out.data, 1, out.len, s->call->out);
    buf_deinit(&out);
    return true;
}

static int show(const struct call *c, struct dlq *d)
{
    struct showing s = {
        .call = c, .original = call_has(c, "original"), .json = call_has(c, "json")};
    const struct dlq_filter all = {
        .ids = c->operand, .id_count = c->operands, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct err e = {0};
    for (unsigned i = 0; i < c->operands; i++)
        if (dlq_check_id(c->operand[i], &e) != 0)
            return call_fail(c, CTL_USAGE, "%s", e.message);
    if (dlq_each(d, &all, take, &s, &e) != 0)
        return call_error(c, &e);
    if (d->letters + d->repeats < c->operands)
        return call_fail(c, CTL_FAILED, "%u of them are not there (any more)",
                         c->operands - (unsigned)(d->letters + d->repeats));
    return call_finish(c);
}

static int run(const struct call *c)
{
    struct dlq d;
    int status = dlq_open(&d, c);
    if (status == CTL_OK)
        status = show(c, &d);
    dlq_close(&d);
    return status;
}

const struct command command_dlq_show = {
    .name = "show",
    .summary = "shows single dead letters as they are.",
    .flags = flags,
    .operands = "PARTITION/OFFSET...",
    .settings = ctl_rows_dlq,
    .run = run,
    .help =
        "Control characters are shown as '?'; --original and --json write every byte as it is.\n"
        "\n"
        "Examples\n"
        "  weirctl dlq show 3/17\n"
        "  weirctl dlq show 3/17 --original > record.json\n",
};
