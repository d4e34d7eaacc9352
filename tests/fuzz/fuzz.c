/* What the fuzz targets share: how an input is split, and how a broken property is told. */
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/xmalloc.h"

void fuzz_require(int holds, const char *format, ...)
{
    va_list args;
    if (holds)
        return;
    va_start(args, format);
    fputs("broken property: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

struct fuzz_input fuzz_input(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {0};
    if (size > 0)
        in = (struct fuzz_input){.choice = data[0],
                                 .bytes = span_of((const char *)data + 1, size - 1)};
    return in;
}

char *fuzz_copy(struct span bytes)
{
    return xmemdup(bytes.p, bytes.len);
}

void fuzz_pieces_init(struct fuzz_pieces *p, uint8_t choice)
{
    rng_seed(&p->rng, choice);
}

size_t fuzz_pieces_next(struct fuzz_pieces *p, size_t left)
{
    size_t n = rng_below(&p->rng, 3) ? 1 : 1 + rng_below(&p->rng, 1 << rng_below(&p->rng, 10));
    return n < left ? n : left;
}
