/* Copies inputs right before a page that may not be read, so that an over-read crashes. */
#include "tests/unit/guard.h"

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

static char *guard_page(void)
{
    static char *page;
    if (!page) {
        size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
        char *room = mmap(NULL, GUARD_ROOM + page_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(room, MAP_FAILED);
        ck_assert_int_eq(mprotect(room + GUARD_ROOM, page_size, PROT_NONE), 0);
        page = room + GUARD_ROOM;
    }
    return page;
}

struct span guard_place(struct span input)
{
    if (input.len > GUARD_ROOM) { /* a plain test: ck_assert is slow in loops */
        ck_abort_msg("input of %zu bytes", input.len);
    }
    char *p = guard_page() - input.len;
    if (input.len > 0) {
        memcpy(p, input.p, input.len);
    }
    return span_of(p, input.len);
}
