/* "Did you mean": the known word that is nearest to a mistyped one. */
#include "common/app/suggest.h"

#include <string.h>

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned suggest_distance(const char *a, const char *b)
{
    size_t a_len = strnlen(a, SUGGEST_WORD_MAX), b_len = strnlen(b, SUGGEST_WORD_MAX);
    unsigned row[3][SUGGEST_WORD_MAX + 1]; /* two rows back, one back, this one */
    for (unsigned j = 0; j <= b_len; j++)
        row[1][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *before = row[(i - 1) % 3], *last = row[i % 3], *now = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned cost = fold(a[i - 1]) != fold(b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]) && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
    }
    return row[(a_len + 1) % 3][b_len];
}

/* A third of the letters may be wrong, but never more than four: beyond that it is guessing. */
static unsigned tolerance(const char *word)
{
    size_t third = strnlen(word, SUGGEST_WORD_MAX) / 3;
    return third < 1 ? 1 : third > 4 ? 4 : (unsigned)third;
}

void suggest_consider(struct suggest *s, const char *candidate)
{
    unsigned distance = suggest_distance(s->word, candidate);
    if (distance > tolerance(s->word) || (s->best && distance >= s->distance))
        return;
    s->best = candidate;
    s->distance = distance;
}
