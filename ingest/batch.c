/* A body with many readings, cut into the bytes of each. */
#include "ingest/batch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/xmalloc.h"

void batch_deinit(struct batch *b)
{
    free(b->item);
    *b = (struct batch){0};
}

static void add(struct batch *b, struct span json, unsigned index)
{
    if (b->items == b->capacity) {
        b->capacity = b->capacity > 0 ? 2 * b->capacity : 64;
        b->item = xrealloc(b->item, b->capacity * sizeof b->item[0]);
    }
    b->item[b->items++] = (struct batch_item){.json = json, .index = index};
}

static int refuse_more(unsigned max, const char *what, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "a request may hold at most %u %s", max, what);
}

static int refuse(const struct json_reader *r, struct err *e)
{
    return err_set(e, ERR_SYNTAX, "the body is not JSON: %s at byte %zu", r->error,
                   (size_t)(r->at - r->start));
}

/* An item as it stands between its commas; what white space is around it does not matter to who
 * reads it. */
static struct span since(const struct json_reader *r, const char *from, bool first)
{
    if (!first)
        from = (const char *)memchr(from, ',', (size_t)(r->at - from)) + 1;
    return span_of(from, (size_t)(r->at - from));
}

int batch_of_array(struct batch *b, struct span json, unsigned max_items, struct err *e)
{
    struct json_reader r;
    b->items = 0;
    json_reader_init(&r, json.p, json.len);
    if (json_next(&r) != JSON_TOKEN_ARRAY_BEGIN)
        return r.error ? refuse(&r, e) : err_set(e, ERR_SYNTAX, "the body is no JSON array");
    const char *from = r.at;
    enum json_token token;
    while ((token = json_next(&r)) != JSON_TOKEN_ARRAY_END) {
        if (!json_skip(&r, token))
            return refuse(&r, e);
        if (b->items == max_items)
            return refuse_more(max_items, "readings", e);
        add(b, since(&r, from, b->items == 0), b->items);
        from = r.at;
    }
    return json_next(&r) == JSON_TOKEN_END ? 0 : refuse(&r, e);
}

static bool is_blank(struct span line)
{
    size_t i = 0;
    while (i < line.len && (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\r'))
        i++;
    return i == line.len;
}

int batch_of_lines(struct batch *b, struct span text, unsigned max_items, struct err *e)
{
    const char *p = text.p, *end = p + text.len;
    b->items = 0;
    for (unsigned number = 0; p < end; number++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct span line = span_of(p, (size_t)((stop ? stop : end) - p));
        if (number == BATCH_LINES_MAX)
            return refuse_more(BATCH_LINES_MAX, "lines", e);
        p = stop ? stop + 1 : end;
        if (is_blank(line))
            continue;
        if (b->items == max_items)
            return refuse_more(max_items, "readings", e);
        add(b, line, number);
    }
    return 0;
}
