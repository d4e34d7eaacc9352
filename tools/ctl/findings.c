/* What a check found to differ: one line each. */
#include "tools/ctl/findings.h"

#include "common/base/buf.h"

static void put_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "\"%s\":", name);
    buf_json_string(b, span_str(value));
    buf_char(b, ',');
}

static void write_json(struct buf *b, const struct finding *f)
{
    buf_char(b, '{');
    put_member(b, "what", f->what);
    put_member(b, "where", f->where);
    put_member(b, "field", f->field);
    put_member(b, "stored", f->stored);
    put_member(b, "expected", f->expected);
    buf_printf(b, "\"repaired\":%s}\n", f->fate == FINDING_REPAIRED ? "true" : "false");
}

static void print(struct findings *f, struct buf *line)
{
    if (f->progress)
        progress_clear(f->progress);
    (void)fwrite(line->data, 1, line->len, f->out);
    buf_deinit(line);
}

void findings_add(struct findings *f, const struct finding *finding)
{
    struct buf line = {0};
    bool repaired = finding->fate == FINDING_REPAIRED;
    *(repaired ? &f->repaired : &f->left) += 1;
    if (f->json)
        write_json(&line, finding);
    else
        buf_printf(&line, "%s %s: %s: stored %s, expected %s%s\n", finding->what, finding->where,
                   finding->field, finding->stored, finding->expected,
                   repaired ? " (repaired)" : "");
    print(f, &line);
}

void findings_unchecked(struct findings *f, const struct unchecked *u)
{
    struct buf line = {0};
    unsigned long long of = u->of, count = u->count;
    f->unchecked++;
    if (f->json) {
        buf_char(&line, '{');
        put_member(&line, "what", "unchecked");
        put_member(&line, "where", u->where);
        put_member(&line, "field", u->field);
        buf_printf(&line, "\"of\":%llu,\"count\":%llu,", of, count);
        put_member(&line, "why", u->why);
        line.data[line.len - 1] = '}';
        buf_char(&line, '\n');
    } else {
        buf_printf(&line, "unchecked %s: %s: %llu of %llu: %s\n", u->where, u->field, count, of,
                   u->why);
    }
    print(f, &line);
}
