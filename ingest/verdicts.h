/* What became of each item of a request: how many were taken, and what was wrong with the others.
 */
#ifndef WEIR_INGEST_VERDICTS_H
#define WEIR_INGEST_VERDICTS_H

#include "common/base/buf.h"
#include "common/model/reading.h"

enum { VERDICTS_LISTED_MAX = 100, VERDICT_DETAIL_MAX = 256 };

struct verdicts {
    unsigned accepted, rejected; /* items; what is neither is still on its way, or had no Kafka */
    unsigned listed;             /* of the rejected ones: those that `errors` tells of */
    struct buf errors;           /* JSON objects with commas between them; reused */
};

struct verdict {
    unsigned index;     /* of the item in the request, from 0 */
    const char *code;   /* a fixed word: "range", "forbidden" */
    const char *field;  /* "" = the whole item */
    const char *detail; /* UTF-8 */
};

void verdicts_clear(struct verdicts *v);
void verdicts_deinit(struct verdicts *v);
void verdicts_accept(struct verdicts *v);
/* Lists it while there is room: {"index":3,"code":"range","pointer":"/humidity","detail":"..."}.
 * The pointer (RFC 6901) is one into the item. */
void verdicts_reject(struct verdicts *v, const struct verdict *why);
/* For an item that is no valid reading: its first problem, and how many more there are. */
void verdicts_reject_reading(struct verdicts *v, unsigned index,
                             const struct reading_problems *problems);

/* All problems of the one reading of a request, as a member of a problem document (RFC 9457):
 * "errors":[{"code":"range","pointer":"/humidity","detail":"..."}] */
void verdicts_write_problems(const struct reading_problems *problems, struct buf *out);

/* "accepted":n,"rejected":n,"errors":[...] as members of an object; without "errors" when nothing
 * was rejected. */
void verdicts_write(const struct verdicts *v, struct buf *out);

#endif
