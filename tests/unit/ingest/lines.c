/* Line protocol for tests: bodies that end where reading on is a crash, and what they give. */
#include "tests/unit/ingest/lines.h"

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

static char *guard_page(void)
{
    static char *page;
    if (!page) {
        size_t size = (size_t)sysconf(_SC_PAGESIZE);
        char *room = mmap(NULL, LINES_ROOM + size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert(room != MAP_FAILED);
        ck_assert_int_eq(mprotect(room + LINES_ROOM, size, PROT_NONE), 0);
        page = room + LINES_ROOM;
    }
    return page;
}

struct span lines_place(struct span text)
{
    if (text.len > LINES_ROOM) /* a plain test: ck_assert is slow in loops */
        ck_abort_msg("text of %zu bytes", text.len);
    char *at = guard_page() - text.len;
    if (text.len > 0)
        memcpy(at, text.p, text.len);
    return span_of(at, text.len);
}

void lines_read(struct lines_read *l, struct span text, enum line_unit unit)
{
    l->reader = (struct line_reader){.rest = lines_place(text), .unit = unit};
    lines_next(l);
}

void lines_next(struct lines_read *l)
{
    const struct reading_rules rules = {
        .mode = READING_LINES, .now_ms = LINES_NOW_MS, .max_future_skew_ms = 300000};
    l->result = line_next(&l->reader, &l->reading, &rules, &l->problems);
}
