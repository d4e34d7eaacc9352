/* What the fuzz targets share: how an input is split, and how a broken property is told. */
#ifndef WEIR_TESTS_FUZZ_H
#define WEIR_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/random.h"
#include "common/base/span.h"

/* libFuzzer calls this with every input that it thinks of. The bytes end at memory that the
 * address sanitizer watches, so reading past them ends the run. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run with a sentence; libFuzzer keeps the input. */
void fuzz_require(int holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first byte of an input chooses, the others are what is parsed. */
struct fuzz_input {
    uint8_t choice;
    struct span bytes; /* borrowed */
};
struct fuzz_input fuzz_input(const uint8_t *data, size_t size);

/* A copy that ends where its memory ends; freed by the caller. */
char *fuzz_copy(struct span bytes);

/* Lengths of the pieces that a stream comes in: a function of the choice alone, so that a finding
 * replays. Many are of one byte. */
struct fuzz_pieces {
    struct rng rng;
};
void fuzz_pieces_init(struct fuzz_pieces *p, uint8_t choice);
/* From 1 to left; left > 0. */
size_t fuzz_pieces_next(struct fuzz_pieces *p, size_t left);

#endif
