/* Gives a fuzz target the files of a corpus once each, with any compiler: what was ever found stays
 * found. usage: corpus_NAME FILE... */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/fuzz/fuzz.h"

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = 1;
    if (!f) {
        perror(path);
        exit(2);
    }
    while (n > 0) {
        n = fread(buf_reserve(out, 65536), 1, 65536, f);
        buf_commit(out, n);
    }
    fclose(f);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct buf b = {0};
        read_file(argv[i], &b);
        char *exact = fuzz_copy(buf_view(&b));
        LLVMFuzzerTestOneInput((const uint8_t *)exact, b.len);
        free(exact);
        buf_deinit(&b);
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
