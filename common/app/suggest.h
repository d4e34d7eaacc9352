/* "Did you mean": the known word that is nearest to a mistyped one. */
#ifndef WEIR_APP_SUGGEST_H
#define WEIR_APP_SUGGEST_H

#include <stddef.h>

enum { SUGGEST_WORD_MAX = 64 };

/* Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap of
 * neighbours), ASCII case ignored, '-' and '_' alike. Words over SUGGEST_WORD_MAX are cut. */
unsigned suggest_distance(const char *a, const char *b);

/* Feed it candidates one by one. Zero-initialise, then set `word`. */
struct suggest {
    const char *word; /* borrowed: what was typed */
    const char *best; /* borrowed: NULL while nothing is near enough */
    unsigned distance;
};

void suggest_consider(struct suggest *s, const char *candidate);

#endif
